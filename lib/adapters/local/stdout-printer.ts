import type { Printer } from '../../ports/printer.ts'

/**
 * A {@link Printer} that writes text unchanged to the standard output of this process. It adds no
 * line end.
 *
 * If the reader ends (`millrace run app.ts | head`), the stream emits an `EPIPE` error event. The
 * program that owns the process must handle it.
 */
export const stdoutPrinter = (
  output: Pick<NodeJS.WritableStream, 'write'> = process.stdout,
): Printer => ({
  print(text: string): void {
    output.write(text)
  },
})
