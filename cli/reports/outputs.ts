import { stdoutPrinter } from '../../lib/adapters/local/stdout-printer.ts'
import { printable } from '../../lib/base/printable.ts'
import type { Printer } from '../../lib/ports/printer.ts'
import type { Outputs } from './reporter.ts'
import { type StatusLine, statusLine, type Terminal } from './status-line.ts'

/** A standard stream of a process. */
export type OutputStream = Terminal & { readonly isTTY?: boolean }

/** The outputs of this process. This is the one place where text is made safe for a terminal. */
export const outputsOf = (stdout: OutputStream, stderr: OutputStream): Outputs => {
  const status = stderr.isTTY === true ? statusLine(stderr) : undefined
  const raw = after(status, stdoutPrinter(stdout))
  const out = printableTo(raw)
  return {
    out,
    err: printableTo(after(status, stdoutPrinter(stderr))),
    records: stdout.isTTY === true ? out : raw,
    ...(status === undefined ? {} : { status }),
  }
}

/** Removes the status line before text is written. */
const after = (status: StatusLine | undefined, printer: Printer): Printer =>
  status === undefined
    ? printer
    : {
        ...printer,
        print(text) {
          status.clear()
          printer.print(text)
        },
      }

const printableTo = (printer: Printer): Printer => ({
  ...printer,
  print: (text) => printer.print(printable(text)),
})
