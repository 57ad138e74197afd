import { MillraceError } from '../lib/base/errors.ts'
import { exitTexts } from './exit-codes.ts'

const exits = exitTexts.map(([code, text]) => `  ${String(code).padStart(3)}  ${text}`).join('\n')

const general = `millrace: streaming jobs in batches, with durable state

Commands
  millrace run MODULE       run the pipeline that the module exports
  millrace status           show how it stands; also beside a running one
  millrace resume           try a failed batch again
  millrace skip             give up the batch that fails
  millrace reset            remove all totals, to begin anew
  millrace dead-letters     list the records that were put aside
  millrace redrive          give them back, once the code is mended
  millrace help COMMAND     options and examples of one command
  millrace --version

Examples
  millrace run word-count.ts                                     until Ctrl-C
  millrace run word-count.ts --once                              all there is, then end
  millrace run word-count.ts --bind lines=./in                   read "lines" from a directory
  millrace run word-count.ts --bind lines=socket://localhost:9999
  millrace status --state .millrace/word-count                   of this machine
  millrace status --app clicks                                   deployed to AWS, with your credentials

Exit codes
${exits}
`

const state = '  --state DIR       the directory of the store'
const app =
  '  --app NAME        a deployed application, with your own credentials: AWS_PROFILE, AWS_REGION'
const json = '  --json            JSON instead of text'
const letters = `  --since WHEN      put aside since then: 2026-11-22, 2026-11-22T10:00Z, or an age as 12h; default 30d
  --code CODE       only with this code
  --source ID       only of this source, by its id: kinesisTextStream-1`

const topics: Readonly<Record<string, string>> = {
  run: `millrace run MODULE [--once] [--bind NAME=URI]... [--state DIR] [--json]

Runs the pipeline that is the default export of MODULE, a file of TypeScript or JavaScript, until Ctrl-C. Totals are kept in
the store: the next run goes on where this one ended, however it ended.

  --once            process all there is, then end; with a socket, when its other side has ended
  --bind NAME=URI   where a source or an output of the pipeline is: ./directory, file:///directory, socket://HOST:PORT.
                    Of two with one name the later counts
${state}; default .millrace/<name of the pipeline>
  --json            one JSON object a line for everything that happens, printed batches too

Examples
  millrace run word-count.ts --bind lines=./in
  millrace run word-count.ts --bind lines=socket://localhost:9999      beside: nc -lk 9999
  millrace run totals.ts --once --bind lines=./in --bind results=./out
`,
  status: `millrace status (--state DIR | --app NAME) [--json]

Shows the last batches, what waits, what failed and why, dead letters, and the size of the state. A running pipeline goes on.

${state}
${app}
${json}

Examples
  millrace status --state .millrace/word-count
  millrace status --app clicks
`,
  resume: `millrace resume (--state DIR | --app NAME) [--json]

After a batch has failed so often that the pipeline has stopped: lets the next run try it again, from the first attempt on. A
deployed application does so at once.

${state}
${app}
${json}

Examples
  millrace resume --state .millrace/word-count && millrace run word-count.ts
  millrace resume --app clicks
`,
  skip: `millrace skip (--state DIR | --app NAME) [--json]

Gives up the batch that was begun and is not finished: its records count as taken and change nothing. Says what it held.
On this machine, stop the pipeline first. A deployed application refuses while the batch is being tried.

${state}
${app}
${json}

Examples
  millrace skip --state .millrace/word-count
  millrace skip --app clicks
`,
  reset: `millrace reset (--state DIR | --app NAME) --yes [--json]

Of this machine: removes the store and all totals in it; the next run begins anew. Outputs and other files in the directory
stay. Stop the pipeline first.

Deployed: empties the state of all operators, and gives up the batch that fails, if one does. What no batch has taken yet
stays and counts from now on; what batches have taken is not read again. Refuses while a batch is being tried.

${state}
${app}
  --yes             do it
${json}

Examples
  millrace reset --state .millrace/word-count --yes
  millrace reset --app clicks --yes
`,
  'dead-letters': `millrace dead-letters (--state DIR | --app NAME) [--since WHEN] [--code CODE] [--source ID] [--limit N] [--json]

Lists the records that were put aside, the newest day first: when, why, where they are from, and how their data begins.

${state}
${app}
${letters}
  --limit N         at most so many
  --json            one JSON object a line, with the data in full

Examples
  millrace dead-letters --state .millrace/word-count
  millrace dead-letters --app clicks --since 12h --code USER_FUNCTION_FAILED --json
`,
  redrive: `millrace redrive (--state DIR | --app NAME) [--since WHEN] [--code CODE] [--source ID] [--limit N] [--again] [--json]

Gives records that were put aside back to the pipeline, each once, also when the command is stopped in the middle, or given
twice: mend the code and deploy or start it first. A record that fails again is put aside again. Says which it had to leave.

${state}
${app}
${letters}
  --limit N         at most so many records
  --again           also records that other parts of the pipeline have counted: those count them a second time
${json}

Examples
  millrace redrive --state .millrace/word-count
  millrace redrive --app clicks --since 12h --limit 1
`,
}

/**
 * The help text for a command, or for all.
 *
 * @throws MillraceError `USAGE`.
 */
export const helpText = (topic: string | undefined): string => {
  if (topic === undefined || topic === 'help') return general
  const text = Object.hasOwn(topics, topic) ? topics[topic] : undefined
  if (text !== undefined) return text
  throw new MillraceError('USAGE', {
    problem: 'There is no such command',
    value: topic,
    allowed: Object.keys(topics).join(', '),
    fix: 'millrace --help',
  })
}
