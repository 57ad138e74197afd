import { stdoutPrinter } from '../../lib/adapters/local/stdout-printer.ts'
import { printable } from '../../lib/base/printable.ts'
import type { Printer } from '../../lib/ports/printer.ts'
import type { Outputs } from './reporter.ts'

/** A standard stream of a process. */
export type OutputStream = Pick<NodeJS.WriteStream, 'write'> & { readonly isTTY?: boolean }

/** The outputs of this process. This is the one place where text is made safe for a terminal. */
export const outputsOf = (stdout: OutputStream, stderr: OutputStream): Outputs => {
  const raw = stdoutPrinter(stdout)
  const out = printableTo(raw)
  return {
    out,
    err: printableTo(stdoutPrinter(stderr)),
    records: stdout.isTTY === true ? out : raw,
  }
}

const printableTo = (printer: Printer): Printer => ({
  ...printer,
  print: (text) => printer.print(printable(text)),
})
