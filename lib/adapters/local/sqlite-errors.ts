import { type ErrorCode, isMillraceError, MillraceError } from '../../base/errors.ts'
import { fixOfFileError } from './file-errors.ts'

/**
 * The primary result codes of SQLite that Millrace distinguishes: https://sqlite.org/rescode.html.
 */
const SQLITE = { busy: 5, locked: 6, io: 10, corrupt: 11, full: 13, notADatabase: 26 } as const

/** The primary result code of an error of `node:sqlite`; undefined for any other error. */
const resultCode = (error: unknown): number | undefined => {
  const code = (error as { errcode?: unknown } | null)?.errcode
  // The low byte is the primary code; the other bytes give details.
  return typeof code === 'number' ? code & 0xff : undefined
}

/** Whether the error says that another process holds the lock. */
export const isBusy = (error: unknown): boolean =>
  resultCode(error) === SQLITE.busy || resultCode(error) === SQLITE.locked

/** Whether the disk or its quota is full: an error of the file system or of SQLite. */
export const isDiskFull = (error: unknown): boolean => {
  const code = (error as { code?: unknown } | null)?.code
  return code === 'ENOSPC' || code === 'EDQUOT' || resultCode(error) === SQLITE.full
}

const codeOf = (error: unknown): ErrorCode => {
  if (isDiskFull(error)) return 'STORE_FULL'
  const code = resultCode(error)
  return code === SQLITE.corrupt || code === SQLITE.notADatabase
    ? 'STORE_UNREADABLE'
    : 'STORE_FAILED'
}

const stateOf = (code: ErrorCode): string => {
  if (code === 'STORE_FULL') return 'is full'
  return code === 'STORE_UNREADABLE' ? 'cannot be read' : 'failed'
}

const fixes: Partial<Record<ErrorCode, string>> = {
  STORE_FULL:
    'free some space on the disk, or allow the store more space; no acknowledged write ' +
    'is lost',
  STORE_UNREADABLE: 'restore the directory from a copy, or start again in another one',
}

/**
 * Converts an error of `node:sqlite` or the file system to a MillraceError. `store` names the store
 * in the message.
 */
export const storeError = (error: unknown, store: string): MillraceError => {
  if (isMillraceError(error)) return error
  const code = codeOf(error)
  const fix = fixes[code]
  return new MillraceError(code, {
    problem: `The store in ${store} ${stateOf(code)}`,
    ...(fix === undefined ? fixOfFileError(error) : { fix }),
    retryable: code === 'STORE_FAILED',
    cause: error,
  })
}
