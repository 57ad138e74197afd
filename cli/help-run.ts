/** The help of `millrace run`. `state`: how each command explains its option `--state`. */
export const runHelp = ({ state }: { readonly state: string }): string => `\
millrace run MODULE [--once] [--no-until-idle] [--follow] [--demo] [--bind NAME=URI]...
             [--state DIR] [--parallelism N] [--ui PORT | --no-ui] [--json]

Runs a pipeline until Ctrl-C. MODULE is a TypeScript or JavaScript file, and the pipeline is its
default export. The store keeps the totals: the next run continues where this one ended, however it
ended.

  --once            process everything there is, then end; with a socket: when the server has closed
                    the connection
  --no-until-idle   with --once: end when all input is processed and each window has shown what it
                    holds. Without it, time also runs on until no key waits for a time-out,
                    a timer or the end of a period
  --follow          read the files that are bound to sources while they grow, as tail -F does: each
                    line once, also when a file is renamed or cut, and in the next run. A file that
                    is not there yet is waited for. With --once: to what is there now
  --demo            give each source of text that has no binding made-up lines, to try a pipeline
  --bind NAME=URI   the location of a source or an output of the pipeline: ./directory, ./file.log,
                    'logs/*.log' (quoted), file:///directory, socket://HOST:PORT, kinesis://STREAM,
                    mqtt://HOST:PORT/FILTER, - (the standard input), demo: (made-up lines). If a
                    name is given twice, the later one counts. The one source of text without a
                    binding reads what is piped in
${state}; default .millrace/<name of the pipeline>
  --parallelism N   how many tasks of a large batch run at the same time, each but one in a thread
                    of its own. Default: as the pipeline says, else the processor cores
  --ui PORT         the port of the page that shows the run, on this machine only. Default: a free
                    one. With --once there is a page only with this option
  --no-ui           no page
  --json            one JSON object per line for each event; printed batches too

Examples
  millrace run word-count.ts --bind lines=./in
  millrace run word-count.ts --once --bind lines=access.log
  cat access.log | millrace run word-count.ts --once
  millrace run word-count.ts --follow --bind lines=/var/log/nginx/access.log
  millrace run word-count.ts --bind lines=socket://localhost:9999   (in another shell: nc -lk 9999)
  millrace run totals.ts --once --bind lines=./in --bind results=./out
`
