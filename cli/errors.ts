import { inspect } from 'node:util'
import { type ErrorCode } from '../lib/base/errors.ts'
import { exitCodes } from './exit-codes.ts'

/**
 * How an error ends the process. An error of Millrace has a code with its exit code. Every other
 * error is a bug.
 */
export interface ErrorEnd {
  readonly how: 'error'
  readonly exitCode: number
  readonly error: { readonly code: string; readonly message: string }
}

/**
 * Chooses the exit code and the message for an error. Also knows the errors of another copy of the
 * library.
 */
export const endOfError = (error: unknown): ErrorEnd => {
  const code =
    error instanceof Error && error.name === 'MillraceError'
      ? (error as Error & { readonly code: ErrorCode }).code
      : undefined
  if (code !== undefined && Object.hasOwn(exitCodes, code))
    return {
      how: 'error',
      exitCode: exitCodes[code],
      error: { code, message: (error as Error).message },
    }
  const message =
    'This is a bug in Millrace. Please report it with the following text.\n' + `${inspect(error)}`
  return {
    how: 'error',
    exitCode: exitCodes.INVARIANT_BROKEN,
    error: { code: 'INVARIANT_BROKEN', message },
  }
}
