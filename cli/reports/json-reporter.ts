import type { Outputs, Reporter } from './reporter.ts'

/**
 * One JSON object a line on the standard output, each with the name of its `event`; docs/cli.md
 * lists them.
 */
export const jsonReporter = ({ out, err }: Outputs): Reporter => {
  const line = (object: object): void => out.print(`${JSON.stringify(object)}\n`)
  return {
    showStart: (run) => line({ event: 'started', ...run }),
    print: (text) => line({ event: 'print', text }),
    event: (event) => line(event),
    stopping: () => line({ event: 'stopping' }),
    showEnd: (end) => {
      line({ event: 'ended', ...end })
      // Also for people: the standard output may go to a program.
      if (end.error !== undefined) err.print(`${end.error.message}\n`)
    },
  }
}
