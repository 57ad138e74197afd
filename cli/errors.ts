import { inspect } from 'node:util'
import { type ErrorCode } from '../lib/base/errors.ts'
import { exitCodes } from './exit-codes.ts'

/**
 * How an error ends the process: our own by its code, also when another copy of the library has
 * thrown it; any other is a bug.
 */
export interface ErrorEnd {
  readonly how: 'error'
  readonly exitCode: number
  readonly error: { readonly code: string; readonly message: string }
}

/** The end that an error makes. */
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
    'Something unexpected happened: this is a bug in Millrace. Please report it with what follows.\n' +
    `${inspect(error)}`
  return {
    how: 'error',
    exitCode: exitCodes.INVARIANT_BROKEN,
    error: { code: 'INVARIANT_BROKEN', message },
  }
}
