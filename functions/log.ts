/**
 * The log of a function: one line of JSON for each entry. Metrics are made from these lines, and
 * CloudWatch Logs Insights can read them.
 *
 * - Each line has `timestamp`, `level`, `event`, and what the process knows of itself: `app`,
 *   `generation`, the `requestId` of the invocation. What is logged while a batch runs also has its
 *   `timeMs` and `attempt`.
 * - A line stays below what Lambda would divide into two, which would be no JSON any more.
 * - Lines below the level that Lambda is set to are left out.
 */
import { asMillraceError, codeOf } from '../lib/base/errors.ts'
import { cutText } from '../lib/base/error-text.ts'
import { placeOf } from '../lib/base/error-places.ts'
import type { Clock } from '../lib/ports/clock.ts'

/** What is logged. */
export type Entry = Readonly<Record<string, unknown>>

/** Writes an entry as one line of JSON. */
export type Log = (entry: Entry) => void

/** How grave a line is, in the words of Lambda. */
export type Level = 'INFO' | 'WARN' | 'ERROR'

/** What a log is made of. */
export interface LogParts {
  readonly write: (line: string) => void
  readonly clock: Pick<Clock, 'now'>
  /** The level that Lambda is set to. Default: all is logged. */
  readonly logLevel?: string | undefined
}

/** The log of a process. */
export interface FunctionLog {
  readonly log: Log
  /**
   * Runs an invocation, or its start. Its lines have the id of the request, and an error that it
   * throws is logged, since what Lambda logs of it is no JSON. Rejects with the same error.
   */
  readonly invocation: <T>(
    context: Partial<Invocation> | undefined,
    call: () => Promise<T>,
  ) => Promise<T>
}

/** What Lambda tells of an invocation. */
export interface Invocation {
  readonly awsRequestId: string
}

/**
 * Lambda divides a longer line. In UTF-16 units, of which each takes three bytes at most: Lambda's
 * limit is 256 KB, and that of an event of CloudWatch Logs is the same or higher.
 */
const LINE_MAX = 80_000
/** The text of a field in a line that was too long. */
const TEXT_MAX = 8_000
const MESSAGE_MAX = 4_000
/** What is kept of a line with too many fields. */
const FIELDS_MAX = 12
const SHORT_MAX = 1_000

/** Makes the log of a process. `facts`: what all of its lines say. */
export const functionLog = (
  { write, clock, logLevel }: LogParts,
  facts: Entry = {},
): FunctionLog => {
  const ofBatch = batchFacts()
  const least = RANKS[logLevel?.toUpperCase() ?? ''] ?? 0
  let request: Entry = {}
  const log: Log = (entry) => {
    const level = levelOf(entry)
    const batch = ofBatch(entry)
    if ((RANKS[level] ?? 0) < least) return
    const timestamp = new Date(clock.now()).toISOString()
    write(lineOf({ timestamp, level, ...batch, ...facts, ...request, ...entry }))
  }
  return {
    log,
    async invocation(context, call) {
      const { awsRequestId: requestId } = context ?? {}
      request = requestId === undefined ? {} : { requestId }
      try {
        return await call()
      } catch (error) {
        log(failureOf(error))
        throw error
      }
    },
  }
}

/** What an invocation has thrown. */
const failureOf = (error: unknown): Entry => {
  const problem = 'The function failed'
  const { message, operator, cause } = asMillraceError(error, 'USER_FUNCTION_FAILED', { problem })
  const thrownAt = placeOf(cause) ?? placeOf(error)
  return {
    event: 'invocationFailed',
    code: codeOf(error, 'USER_FUNCTION_FAILED'),
    message: cutText(message, MESSAGE_MAX),
    ...(operator === undefined ? {} : { operator }),
    ...(thrownAt === undefined ? {} : { thrownAt }),
  }
}

/** Lambda's levels. */
const RANKS: Readonly<Record<string, number>> = {
  TRACE: 0,
  DEBUG: 1,
  INFO: 2,
  WARN: 3,
  ERROR: 4,
  FATAL: 5,
}

const LEVELS: Readonly<Record<string, Level>> = {
  batchFailed: 'ERROR',
  failed: 'ERROR',
  dataLost: 'ERROR',
  invocationFailed: 'ERROR',
  deadLetter: 'WARN',
  fallingBehind: 'WARN',
  clockSkew: 'WARN',
  throttled: 'WARN',
  warning: 'WARN',
  objectSkipped: 'WARN',
  leftOut: 'WARN',
  messageRefused: 'WARN',
  notReleased: 'WARN',
}

/** The level of an entry. What an alarm of the construct looks for is at least a warning. */
const levelOf = ({ event, kind, rejected, status }: Entry): Level => {
  if (event === 'driver')
    return kind === 'failed'
      ? 'ERROR'
      : kind === 'superseded' || kind === 'skewed'
        ? 'WARN'
        : 'INFO'
  if (event === 'intake') return Number(rejected) > 0 ? 'WARN' : 'INFO'
  if (event === 'deployment') return status === 'FAILED' ? 'ERROR' : 'INFO'
  return LEVELS[String(event)] ?? 'INFO'
}

/** After these, no attempt runs. */
const ENDS: ReadonlySet<unknown> = new Set([
  'batchCompleted',
  'batchFailed',
  'failed',
  'handedOn',
  'driver',
  'lag',
])

/** Follows which attempt at which batch runs. */
const batchFacts = (): ((entry: Entry) => Entry) => {
  let facts: Entry = {}
  return ({ event, timeMs, attempt }) => {
    if (event === 'batchStarted') facts = { timeMs, attempt }
    const before = facts
    if (ENDS.has(event)) facts = {}
    return before
  }
}

const lineOf = (entry: Entry): string => {
  const line = JSON.stringify(entry)
  if (line.length <= LINE_MAX) return line
  const cut = JSON.stringify({ ...entry, isCut: true }, (_, value: unknown) =>
    typeof value === 'string' ? cutText(value, TEXT_MAX) : value,
  )
  if (cut.length <= LINE_MAX) return cut
  const single = Object.entries(entry).filter(([, value]) => typeof value !== 'object')
  return JSON.stringify(
    { ...Object.fromEntries(single.slice(0, FIELDS_MAX)), isCut: true },
    (_, value) => (typeof value === 'string' ? cutText(value, SHORT_MAX) : (value as unknown)),
  )
}
