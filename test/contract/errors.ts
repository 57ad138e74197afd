import { expect } from 'vitest'
import { type ErrorCode, MillraceError } from '../../lib/base/errors.ts'

/** The error that a call rejects with or throws. */
export const errorOf = async (call: () => unknown): Promise<MillraceError> => {
  try {
    await call()
  } catch (error) {
    expect(error).toBeInstanceOf(MillraceError)
    return error as MillraceError
  }
  throw new Error('no error was thrown')
}

/** Checks the code of the error, and whether it says that a retry can help. */
export const expectError = async (
  call: () => unknown,
  code: ErrorCode,
  retryable = false,
): Promise<void> => {
  const error = await errorOf(call)
  expect({ code: error.code, retryable: error.retryable }).toEqual({ code, retryable })
}
