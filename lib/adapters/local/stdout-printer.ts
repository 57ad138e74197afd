import { MillraceError } from '../../base/errors.ts'
import type { Printer } from '../../ports/printer.ts'

/**
 * A {@link Printer} that writes text unchanged to the standard output of this process. It adds no
 * line end.
 *
 * If the reader ends (`millrace run app.ts | head`), the stream emits an `EPIPE` error event. The
 * program that owns the process must handle it. It is no failure: nobody wants the rest.
 */
export const stdoutPrinter = (
  output: Pick<NodeJS.WritableStream, 'write'> = process.stdout,
): Printer => {
  let failure: NodeJS.ErrnoException | undefined
  const note = (error?: NodeJS.ErrnoException | null): void => {
    if (error !== null && error !== undefined && error.code !== 'EPIPE') failure ??= error
  }
  return {
    print(text: string): void {
      output.write(text, note)
    },
    async flushed(): Promise<void> {
      await new Promise<void>((resolve) => {
        output.write('', (error) => {
          note(error)
          resolve()
        })
      })
      if (failure !== undefined) throw printFailed(failure)
    },
  }
}

/** The error of a standard output that does not take what is written to it. */
export const printFailed = (cause: NodeJS.ErrnoException): MillraceError =>
  new MillraceError('OUTPUT_FAILED', {
    problem: 'The standard output does not take what is printed',
    value: cause.code,
    fix:
      cause.code === 'ENOSPC'
        ? 'make room on the disk that the output goes to, or let it go elsewhere'
        : 'let the output go elsewhere',
    retryable: true,
    cause,
  })
