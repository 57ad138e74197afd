/** Errors of PostgreSQL, and of the way to it. */
import { isMillraceError, MillraceError } from '../../base/errors.ts'

interface PostgresError {
  readonly code?: string
  readonly message?: string
  readonly detail?: string
  readonly hint?: string
  readonly errors?: readonly unknown[]
}

/** The code of an error: an SQLSTATE, or one of the client or of the network. */
const codeOf = (error: unknown): string => {
  const { code, errors } = (error ?? {}) as PostgresError
  return code ?? (errors?.[0] === undefined ? '' : codeOf(errors[0]))
}

/**
 * A serialization failure, a deadlock, a lock or a statement that took too long, a server that is
 * full, restarts or is gone.
 */
const PASSING = new RegExp(
  '^(40001|40P01|55P03|57014|25P0[34]|57P0[1235]|08...|53...|58...' +
    '|ECONN.*|EPIPE|ETIMEDOUT|EHOST.*|ENET.*|EAI_AGAIN|ENOTFOUND)$',
)

/** What the package says of a connection that is lost. Such an error has no code. */
const LOST =
  /connection terminated|connection error|timeout exceeded|timeout expired|not queryable/i

/** Whether a later try may succeed. */
export const isPassing = (error: unknown): boolean => {
  const code = codeOf(error)
  return code === '' ? LOST.test((error as Error | null)?.message ?? '') : PASSING.test(code)
}

/** Whether two processes created the table of fences at the same time. */
export const isCreatedTwice = (error: unknown): boolean =>
  ['23505', '42P07', '42710'].includes(codeOf(error))

const FIXES: Readonly<Record<string, string>> = {
  '42P01': 'create the table first: the sink creates no table but millrace_fences',
  '42703': 'add the column to the table, or leave it out of the rows',
  '42P10': 'create a primary key or a unique index on exactly the key columns',
  '42501':
    'GRANT SELECT, INSERT, UPDATE, DELETE on the table and on millrace_fences, and let the role ' +
    'create millrace_fences once',
  '3F000': 'create the schema first',
  '28P01': 'correct the user and the password of the connection string',
  '3D000': 'correct the database of the connection string',
}

const fixOf = (code: string): string | undefined => {
  if (FIXES[code] !== undefined) return FIXES[code]
  if (code.startsWith('22'))
    return 'make rows that fit the types of the table, or change the types: see the message'
  if (code.startsWith('23')) return 'leave out such rows with filter, or change the constraint'
  return undefined
}

/** The error of a transaction. `database`: as messages name it. */
export const postgresError = (error: unknown, database: string): MillraceError => {
  if (isMillraceError(error)) return error
  const code = codeOf(error)
  const { message = String(error), detail, hint } = (error ?? {}) as PostgresError
  const said = [message, detail, hint, code]
    .filter((text) => text !== undefined && text !== '')
    .map((text) => text?.replace(/\.$/, ''))
  const fix = fixOf(code)
  return new MillraceError('OUTPUT_FAILED', {
    problem: `PostgreSQL refused the rows, or could not be reached: ${said.join('. ')}`,
    value: database,
    ...(fix === undefined ? {} : { fix }),
    retryable: isPassing(error),
    cause: error,
  })
}
