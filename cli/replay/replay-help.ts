/** The help of `millrace replay`. `state` and `app`: the lines of these options. */
export const replayHelp = (
  state: string,
  app: string,
): string => `millrace replay MODULE --from WHEN [--to WHEN] [--state DIR | --app NAME]
                [--bind NAME=URI]... [--against OLD_MODULE] [--into DIR | --into-app NAME]
                [--run-foreach] [--limit N] [--json]

Runs past batches again with the pipeline of MODULE, each with the input that it had, on a copy of
the state as it was before them, and shows what its outputs would have given instead. It writes
nothing to the application, nor to its outputs. The application must run with keepForReplay in its
options. The state begins at the last snapshot before --from, and all batches from there on run.

Files that batches have written are compared with what runs again. For all other outputs, give the
module as it was. Exit code 0: nothing differs. 8: something does.

  --from WHEN       the first batch: a time (2026-11-22T10:00Z), a date or an age (12h)
  --to WHEN         the last batch; default: the last that has run
${state}; default .millrace/<name of the pipeline>
${app}
  --bind NAME=URI   where files that a source has read are, and outputs: as with millrace run.
                    Objects: s3://BUCKET/PREFIX
  --against MODULE  compare all outputs with what this module gives for the same batches
  --into DIR        keep the copy in a new directory: millrace state, batches and run open it, and
                    outputs are in DIR/outputs
  --into-app NAME   give the copy to another deployment of the pipeline, which has received nothing
                    and has no state. Its driver goes on from there; outputs are not written
  --run-foreach     call the functions of foreachRDD, which may do anything
  --limit N         show at most this many records; default 40
  --json            a line for each batch, with all differences, and one for the end

Examples
  millrace replay totals.ts --from 2h --bind lines=./in --bind results=./out
  git show HEAD~1:clicks.ts > old.ts
  millrace replay clicks.ts --against old.ts --app clicks --from 2026-11-28T10:00Z --to 3h
  millrace replay clicks.ts --app clicks --from 1d --into-app clicks-next
  millrace replay totals.ts --from 1d --into yesterday && millrace state --state yesterday
`
