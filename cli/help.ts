import { MillraceError } from '../lib/base/errors.ts'
import { exitTexts } from './exit-codes.ts'

const exits = exitTexts.map(([code, text]) => `  ${String(code).padStart(3)}  ${text}`).join('\n')

const general = `millrace: streaming jobs in batches, with durable state

Commands
  millrace run MODULE       run the pipeline that the module exports
  millrace status           show how it stands; also beside a running one
  millrace resume           try a failed batch again
  millrace skip             give up the batch that fails
  millrace reset            remove the store, to begin anew
  millrace help COMMAND     options and examples of one command
  millrace --version

Examples
  millrace run word-count.ts                                     until Ctrl-C
  millrace run word-count.ts --once                              all there is, then end
  millrace run word-count.ts --bind lines=./in                   read "lines" from a directory
  millrace run word-count.ts --bind lines=socket://localhost:9999
  millrace status --state .millrace/word-count

Exit codes
${exits}
`

const state = '  --state DIR       the directory of the store'
const json = '  --json            JSON instead of text'

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
  status: `millrace status --state DIR [--json]

Shows the last batches, what waits, what failed and why, dead letters, and the size of the state. A running pipeline goes on.

${state}
${json}

Example
  millrace status --state .millrace/word-count
`,
  resume: `millrace resume --state DIR [--json]

After a batch has failed so often that the pipeline has stopped: lets the next run try it again, from the first attempt on.

${state}
${json}

Example
  millrace resume --state .millrace/word-count && millrace run word-count.ts
`,
  skip: `millrace skip --state DIR [--json]

Gives up the batch that was begun and is not finished: its records count as taken and change nothing. Says what it held.
Stop the pipeline first.

${state}
${json}

Example
  millrace skip --state .millrace/word-count
`,
  reset: `millrace reset --state DIR --yes [--json]

Removes the store and all totals in it; the next run begins anew. Outputs and other files in the directory stay. Stop the
pipeline first.

${state}
  --yes             do it
${json}

Example
  millrace reset --state .millrace/word-count --yes
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
