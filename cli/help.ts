import { MillraceError } from '../lib/base/errors.ts'
import { batchesHelp, costHelp, doctorHelp } from './batches-help.ts'
import { completionHelp } from './completion/help.ts'
import { exitTexts } from './exit-codes.ts'
import { devHelp } from './dev/dev-help.ts'
import { runHelp } from './help-run.ts'
import { replayHelp } from './replay/replay-help.ts'
import { commandList } from './summaries.ts'
import { meant } from './usage.ts'

const exits = exitTexts.map(([code, text]) => `  ${String(code).padStart(3)}  ${text}`).join('\n')

const general = `millrace: streaming jobs in batches, with durable state

Commands
${commandList}
  millrace help errors CODE what an error means, and what to do
  millrace --version

Examples
  millrace run word-count.ts                        until Ctrl-C
  millrace run word-count.ts --once                 process everything there is, then end
  millrace run word-count.ts --bind lines=./in      read "lines" from a directory
  millrace run word-count.ts --bind lines=socket://localhost:9999
  millrace status --state .millrace/word-count      an application on this machine
  millrace status --app clicks                      on AWS, with your own credentials

Exit codes
${exits}
`

const state = '  --state DIR       the directory of the store'
const app =
  '  --app NAME        a deployed application, with your own credentials: AWS_PROFILE, AWS_REGION'
const json = '  --json            JSON instead of text'
const filter = `\
  --since WHEN      only those put aside since then: a time (2026-11-22T10:00Z), a date
                    (2026-11-22) or an age (12h); default 30d
  --code CODE       only those with this code
  --source ID       only those of this source, by its id: kinesisTextStream-1
  --before WHEN     only those put aside before then: a time, a date or an age
  --position POS    only the one at this position, as the list shows it`

const topics: Readonly<Record<string, string>> = {
  completion: completionHelp,
  init: `millrace init [DIR] [--json]

Makes a project in DIR, or in this directory: a pipeline with a window and a state, its test, data
to read, package.json and tsconfig.json. It writes over nothing. A package.json that is there gets
what it lacks.

${json}

Examples
  millrace init
  millrace init my-pipeline
`,
  run: runHelp({ state }),
  dev: devHelp,
  receive: `millrace receive MODULE --app NAME [--bind NAME=URI]... [--follow] [--once] [--as NAME]
                 [--json]

Feeds the sources of a deployed application that the construct names in receive: from sockets, files
that grow, the standard input, topics, receivers. Each record is acknowledged when the application
has it, and batches run on AWS. MODULE must be the one that is deployed. SIGTERM and Ctrl-C store
what was received, and end.

${app}
  --bind NAME=URI   where a source gets its records: socket://HOST:PORT, - (the standard input)
  --follow          read the files that are bound to sources while they grow
  --once            end when all sources have ended
  --as NAME         several processes may feed one source, each under a name of its own. Keep it
                    when you start the process again
${json}

Examples
  millrace receive clicks.ts --app clicks --follow --bind lines=/var/log/nginx/access.log
  millrace receive clicks.ts --app clicks --bind lines=socket://localhost:9999 --as edge-1
`,
  ui: `millrace ui [MODULE] (--state DIR | --app NAME) [--port PORT] [--json]

Serves a page about an application, on this machine only, until Ctrl-C: time lines of its batches,
what each batch took and wrote, the plan, the state, what waits, and the dead letters. It only
reads, and only while the page is open. MODULE is the pipeline: give it to see the plan as a
drawing. The page of a run is served by millrace run itself.

${state}
${app}
  --port PORT       the port of the page; default: a free one
  --json            the address as JSON

Examples
  millrace ui --state .millrace/word-count
  millrace ui clicks.ts --app clicks
`,
  status: `millrace status (--state DIR | --app NAME) [--json]

Shows the last batches, what waits, what failed and why, the dead letters, and the size of the
state. It only reads. A running pipeline keeps running.

${state}
${app}
${json}

Examples
  millrace status --state .millrace/word-count
  millrace status --app clicks
`,
  state: `millrace state [get NAME KEY | scan NAME | count NAME | export NAME | import NAME FILE]
               (--state DIR | --app NAME) [--limit N] [--to FILE] [--merge] [--yes] [--if-batch MS]
               [--json]

Reads the states that operators keep for each key, after one batch, also while batches run. NAME is
the id of the operator, or its name. Without more: lists the states. KEY is JSON if it is JSON, and
text otherwise: 5 is a number, '"5"' is text, '["a",1]' is an array. A key that begins with - goes
to the end, after --.

  get               the state of a key; exit code 7 if it has none
  scan              some keys with their states, 20 unless --limit says more
  count             the number of keys
  export            all keys with their states, one JSON object per line
  import            replaces the state by the lines of FILE. On this machine, stop the pipeline
                    first

${state}
${app}
  --limit N         at most this many keys
  --to FILE         export into a new file: lines, or Parquet if it ends in .parquet
  --merge           import: keep the keys that FILE does not have
  --yes             import: confirm that all other keys go
  --if-batch MS     import: only if no batch has run since this one, batchMs of the export
${json}

Examples
  millrace state --state .millrace/word-count
  millrace state get totals to --state .millrace/word-count
  millrace state get pairs '["a",1]' --app clicks
  millrace state export totals --app clicks | duckdb -c "from read_json('/dev/stdin')"
  millrace state import totals totals.jsonl --app clicks --yes
`,
  batches: batchesHelp(state, app),
  cost: costHelp(state, app),
  replay: replayHelp(state, app),
  doctor: doctorHelp(state, app),
  resume: `millrace resume (--state DIR | --app NAME) [--json]

Use it when a batch has failed so often that the pipeline has stopped. The next run tries the batch
again, and counts its attempts from 1. A deployed application tries it at once.

${state}
${app}
${json}

Examples
  millrace resume --state .millrace/word-count && millrace run word-count.ts
  millrace resume --app clicks
`,
  skip: `millrace skip (--state DIR | --app NAME) [--source ID] [--json]

Skips the batch that has started and is not finished: its records count as processed, and change
nothing. Shows what the batch held. On this machine, stop the pipeline first. A deployed application
refuses while it is trying the batch.

With --source: gives up what waits of a source instead, for a source that the pipeline no longer
has. Shows what waited. A pipeline without that source then fits.

${state}
${app}
  --source ID       the id of the source: kinesisTextStream-1
${json}

Examples
  millrace skip --state .millrace/word-count
  millrace skip --app clicks
  millrace skip --app clicks --source kinesisTextStream-1
`,
  check: `millrace check MODULE (--state DIR | --app NAME) [--json]

Says whether the pipeline of a module could go on with what is stored: its state, its sources, and
the records that wait. Reads only. Exit code 0: it fits. 5: it does not, and a driver would refuse
to start. For build pipelines, before cdk deploy.

${state}
${app}
${json}

Examples
  millrace check word-count.ts --state .millrace/word-count
  millrace check clicks.ts --app clicks && npx cdk deploy
`,
  plan: `millrace plan MODULE [--json]

Shows the stages of a pipeline: what each begins with, whether its tasks can run at the same time on
several cores or executors, and why, or why not. Runs nothing, and needs no store.

${json}

Examples
  millrace plan word-count.ts
`,
  reset: `millrace reset (--state DIR | --app NAME) [--only ID] --yes [--json]

On this machine: removes the store with all its totals. The next run starts from nothing. Outputs
and other files in the directory stay. Stop the pipeline first.

Deployed: empties the state of all operators, and skips the unfinished batch, if there is one.
Records that no batch has taken yet stay, and count from now on. Records that batches have taken are
not read again. Refuses while the application is trying a batch.

With --only: removes the state of one operator, which begins anew. All else stays. On this machine,
stop the pipeline first.

${state}
${app}
  --only ID         the id of an operator with state, as status shows it: updateStateByKey-1
  --yes             confirm the reset
${json}

Examples
  millrace reset --state .millrace/word-count --yes
  millrace reset --app clicks --yes
  millrace reset --app clicks --only last-hour --yes
`,
  'dead-letters': `millrace dead-letters (--state DIR | --app NAME) [--since WHEN] [--before WHEN]
                      [--code CODE] [--source ID] [--position POSITION] [--limit N]
                      [--page PAGE] [--export FILE] [--delete --yes] [--json]

Lists the records that were put aside, the newest day first: when, why, from which source, and how
their data begins. Or writes them to a file, or deletes them.

${state}
${app}
${filter}
  --limit N         at most this many; the last line says how to see the next ones
  --page PAGE       those after an earlier list, as its last line says
  --export FILE     write them to a new file, one JSON object per line, with the data in full
  --delete --yes    delete them. Those of a redrive that has begun stay
  --json            one JSON object per line, with the data in full

Examples
  millrace dead-letters --state .millrace/word-count
  millrace dead-letters --app clicks --before 7d --delete --yes
  millrace dead-letters --app clicks --since 12h --code USER_FUNCTION_FAILED --json
`,
  redrive: `millrace redrive (--state DIR | --app NAME) [--since WHEN] [--before WHEN] [--code CODE]
                 [--source ID] [--position POSITION] [--limit N] [--again] [--json]

Sends records that were put aside through the pipeline again. Fix the code first, and deploy or
start it. Each record is sent once, even if the command stops in the middle or runs twice. A record
that fails again is put aside again. Shows which records it could not redrive, and why.

${state}
${app}
${filter}
  --limit N         at most this many records
  --again           also records that other parts of the pipeline have counted: those parts count
                    them a second time
${json}

Examples
  millrace redrive --state .millrace/word-count
  millrace redrive --app clicks --since 12h --limit 1
`,
}

/**
 * The help text of one command. Without a topic: of the whole command line.
 *
 * @throws MillraceError `USAGE`.
 */
export const helpText = (topic: string | undefined): string => {
  if (topic === undefined || topic === 'help') return general
  const text = Object.hasOwn(topics, topic) ? topics[topic] : undefined
  if (text !== undefined) return text
  throw new MillraceError('USAGE', {
    problem: 'This command does not exist',
    value: topic,
    allowed: Object.keys(topics).join(', '),
    fix: `${meant(topic, Object.keys(topics))}see all commands: millrace --help`,
  })
}
