import type { Printer } from '../../ports/printer.ts'

/**
 * A {@link Printer} that writes to the standard output of this process, as it is: no line end is
 * added.
 *
 * A reader that goes away (`millrace run app.ts | head`) shows as an `EPIPE` error event of the
 * stream, which is for the program that owns the process to handle.
 */
export const stdoutPrinter = (
  output: Pick<NodeJS.WritableStream, 'write'> = process.stdout,
): Printer => ({
  print(text: string): void {
    output.write(text)
  },
})
