import { jsonLine } from './answer.ts'
import type { Outputs, Reporter } from './reporter.ts'

/**
 * Reports a run as one JSON object per line on the standard output. Each object has an `event`.
 * docs/cli.md lists the events.
 */
export const jsonReporter = ({ out, err }: Outputs): Reporter => {
  const line = (object: object): void => out.print(jsonLine(object))
  return {
    showStart: (run) => line({ event: 'started', ...run }),
    print: (text) => line({ event: 'print', text }),
    flushed: async () => out.flushed?.(),
    event: (event) => line(event),
    stopping: () => line({ event: 'stopping' }),
    showEnd: (end) => {
      line({ event: 'ended', ...end })
      // Also for the user: the standard output may go to a program.
      if (end.error !== undefined) err.print(`${end.error.message}\n`)
    },
  }
}
