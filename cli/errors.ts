import { inspect } from 'node:util'
import { cutText, errorText } from '../lib/base/error-text.ts'
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

/** The code of an error of Millrace. A proxy may throw when it is asked. */
const ownCode = (error: unknown): ErrorCode | undefined => {
  try {
    return error instanceof Error && error.name === 'MillraceError'
      ? (error as Error & { readonly code: ErrorCode }).code
      : undefined
  } catch {
    return undefined
  }
}

/** Enough for a stack trace with its causes. */
const TEXT_CHARACTERS_MAX = 20_000

/** An error may hold anything, of any size, and its own functions may throw. */
const textOf = (error: unknown): string => {
  try {
    const shown = inspect(error, { depth: 4, maxArrayLength: 20, maxStringLength: 4_000 })
    return cutText(shown, TEXT_CHARACTERS_MAX)
  } catch {
    return errorText(error)
  }
}

/**
 * Chooses the exit code and the message for an error. Also knows the errors of another copy of the
 * library.
 */
export const endOfError = (error: unknown): ErrorEnd => {
  const code = ownCode(error)
  if (code !== undefined && Object.hasOwn(exitCodes, code))
    return {
      how: 'error',
      exitCode: exitCodes[code],
      error: { code, message: (error as Error).message },
    }
  const message =
    'This is a bug in Millrace. Please report it with the following text.\n' + textOf(error)
  return {
    how: 'error',
    exitCode: exitCodes.INVARIANT_BROKEN,
    error: { code: 'INVARIANT_BROKEN', message },
  }
}
