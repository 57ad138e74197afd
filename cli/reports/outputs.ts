import { stdoutPrinter } from '../../lib/adapters/local/stdout-printer.ts'
import { printable } from '../../lib/base/printable.ts'
import type { Printer } from '../../lib/ports/printer.ts'
import type { Outputs, StyledPrinter } from './reporter.ts'
import { type StatusLine, statusLine, type Terminal } from './status-line.ts'
import { type Paint, paintFor } from './style.ts'

/** A standard stream of a process. */
export type OutputStream = Terminal & { readonly isTTY?: boolean }

/** The outputs of this process. This is the one place where text is made safe for a terminal. */
export const outputsOf = (stdout: OutputStream, stderr: OutputStream): Outputs => {
  const status = stderr.isTTY === true ? statusLine(stderr) : undefined
  const raw = after(status, stdoutPrinter(stdout))
  const out = printableTo(raw, paintFor(stdout))
  return {
    out,
    err: printableTo(after(status, stdoutPrinter(stderr)), paintFor(stderr)),
    ...(stdout.isTTY === true && stdout.columns !== undefined ? { columns: stdout.columns } : {}),
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

/** Others' text cannot bring colours: they come after it was made printable. */
const printableTo = (printer: Printer, paint: Paint): StyledPrinter => ({
  ...printer,
  print: (text, style) => printer.print(paint(printable(text), style)),
})
