import { thrownText } from './error-places.ts'
import { cutText, preview } from './error-text.ts'
import { oneLine } from './printable.ts'

/**
 * Every stable error code, with its meaning in one line. The codes are part of the public
 * interface, and programs may match on them. So a code is never renamed or reused. `docs/errors.md`
 * explains each code and its fix.
 *
 * @example errorCodes.LANE_FULL
 */
export const errorCodes = {
  ACCUMULATOR_MISPLACED:
    'An accumulator is used in a function that may run more than once, or is read in a task.',
  ACCUMULATOR_TOO_LARGE: 'The accumulators together are too large to be stored with each batch.',
  ACCESS_DENIED: 'The credentials do not allow the action that the message names.',
  ADDRESS_UNAVAILABLE: 'A source cannot listen at an address of this machine.',
  ARGUMENT_INVALID: 'An argument of a public function is not allowed.',
  BATCH_FAILED: 'A batch could not be computed; it stays logged and is retried.',
  BINDING_INVALID: 'A binding is not NAME=URI, or its URI is malformed or of an unknown kind.',
  BINDING_CHANGED:
    'A logged batch needs its original source, but the binding now names another source.',
  BINDING_MISSING: 'A name in the pipeline needs a binding on this platform.',
  BINDING_UNFIT:
    'A name is bound to a kind of source or output that the pipeline cannot use for it.',
  BINDING_UNKNOWN: 'A binding has a name that the pipeline does not use.',
  BLOCK_OF_EARLIER_CODE:
    'Records are gone from their source; what an earlier deployment made of them is used.',
  BROADCAST_FAILED: 'A broadcast value cannot be loaded, and there is no earlier version.',
  BROADCAST_STALE:
    'A warning: a newer broadcast value cannot be loaded. Batches go on with the version before.',
  BROADCAST_UNSET: 'A broadcast value is read outside of batches, before it was loaded.',
  CLOCK_BEHIND:
    'A warning: the last batch is ahead of the clock, which was set back. Batches go on.',
  COMMAND_REFUSED: 'The application is in a state in which this command is not allowed.',
  CREDENTIALS_MISSING: 'There are no credentials for AWS, or no region is set.',
  DATA_LOST: 'Records that intake took are missing from the store and from their source.',
  DIRECTORY_MISSING: 'A watched directory does not exist, or is not a directory.',
  EVENT_INVALID: 'A function was invoked with an event that does not have the form of its source.',
  EVENT_TIME_INVALID: 'A record has no time that can be used as its event time.',
  EXECUTOR_LOST: 'An executor gave no answer; its task runs in the driver.',
  EXECUTOR_REFUSED: 'Executors cannot compute tasks of this driver; they run in the driver.',
  GENERATION_OLD: 'A newer deployment owns the store; this one may not run batches.',
  INPUT_CHANGED:
    'A file of a batch went, or was refused, while the batch ran; the next attempt leaves it out.',
  INTERVAL_UNFIT: 'The batch interval cannot be kept on this platform.',
  INVARIANT_BROKEN:
    'A bug in Millrace: a protocol invariant did not hold. Nothing was written after that.',
  ITEM_TOO_LARGE: 'An item is larger than the store allows.',
  KEY_UNSUPPORTED:
    'A key is not a string, number, bigint, boolean, null, undefined, date, array or plain object.',
  LANE_FULL:
    'A lane holds as many unconsumed entries as its item may; intake waits for the driver.',
  LANE_TAKEN: 'Another process feeds the same source under the same name.',
  LINE_NOT_UTF8: 'A line of text is not valid UTF-8; it is now a dead letter.',
  LINE_TOO_LONG: 'A line of text is longer than the limit; it is now a dead letter.',
  LISTENER_FAILED: 'A warning: a streaming listener threw. Batches go on.',
  LISTENER_SLOW: 'A warning: a batch has waited for a streaming listener. Batches go on.',
  MODULE_INVALID: 'The pipeline module has no default export made by stream().',
  MODULE_NOT_FOUND: 'The pipeline module does not exist.',
  MODULE_UNREADABLE: 'The pipeline module does not compile, or throws while it is loaded.',
  NODE_TOO_OLD: 'Millrace runs on Node 24 or newer.',
  OBJECT_ARCHIVED: 'An object is in an archive and must be restored first. It is a dead letter.',
  OBJECT_CORRUPT: 'A file is cut off or damaged, and is a dead letter as a whole.',
  OBJECT_GONE:
    'A file that was redriven no longer exists, or was replaced; it stays a dead letter.',
  OBJECT_LATE:
    'A file appeared later than its source allows, and is a dead letter by the option lateFiles.',
  OBJECT_REFUSED: 'The rights to an object, or its key, forbid to read it. It is a dead letter.',
  OBJECT_TOO_LARGE:
    'A file has more bytes than its source allows, and is a dead letter as a whole.',
  OBJECT_UNSUPPORTED: 'A file is no text that can be read, and is a dead letter as a whole.',
  OBJECT_UNREADABLE: 'A file of a batch exists but could not be read.',
  OUTPUT_EXISTS: 'The output already exists, and this application did not write it.',
  OUTPUT_FAILED: 'An output could not be written.',
  OUTPUT_FENCED: 'A newer attempt has written this output; an older one may not replace it.',
  PACKAGE_MISSING: 'A package that this platform needs is not installed.',
  PAIR_INVALID: 'An operation on pairs got an element that is not a pair of a key and a value.',
  PLAN_FROZEN: 'The pipeline was changed after it was built.',
  PLAN_INCOMPATIBLE: 'The store was written by another plan, and its state does not fit this one.',
  PLAN_NO_OUTPUT: 'The pipeline has no output operation, so it would never run anything.',
  POISON_BREAKER: 'So many records of a part are bad that the code is broken, not the data.',
  PROMISE_UNEXPECTED: 'A function returned a promise where a value is needed, or is async.',
  QUERY_FAILED: 'A query of SQL was refused, or could not run; see its cause.',
  QUEUE_NOT_RECOVERABLE: 'A queueStream lives in memory and cannot be recovered from a store.',
  RECORDS_UNEVEN:
    'A file does not hold a whole number of records of fixed length. It is a dead letter.',
  RECORD_INVALID: 'An element does not fit the schema of validate(); it is a dead letter.',
  RECORDS_EXPIRED: 'Records of a topic were deleted before they were read.',
  RECORD_UNREADABLE: 'A record is not of the format that it is decoded with; it is a dead letter.',
  RECORD_WITHOUT_VALUE: 'A record of a topic has no value, and is no text. It is a dead letter.',
  SEGMENT_CORRUPT: 'A stored segment does not match its checksum.',
  SEGMENT_MISSING: 'A stored segment that should be there is not.',
  SOURCE_UNKNOWN:
    'Records came for a source that the running plan does not have; they will be delivered again.',
  STATE_UNKNOWN: 'The application keeps no state of that name for each key.',
  STORE_BUSY: 'Another process runs on the same store.',
  STORE_FAILED: 'The store did not answer, or refused the call; the call may be retried.',
  STORE_FULL: 'The disk or the quota of the store is full.',
  STORE_NOT_FOUND: 'There is no store in that directory or table.',
  STORE_TAKEN: 'Another stack has deployed an application of the same name on this table.',
  STORE_UNREADABLE: 'The store was written by another version, or is damaged.',
  STREAM_REPLACED: 'A stream or a topic was deleted and created again while it was read.',
  STREAM_UNREADABLE: 'A Kinesis stream could not be read again, or its shards could not be listed.',
  TOPIC_UNREADABLE: 'A topic of Kafka could not be read; it is tried again.',
  USAGE: 'The command line is not valid.',
  USER_FUNCTION_FAILED: 'A function of the pipeline threw.',
  VALUE_UNSUPPORTED:
    'A value cannot be stored: it is a function, a symbol, a class instance or a cycle.',
  WINDOW_KEY_LOST:
    'A windowed reduction with an inverse has lost the result of a key that it still needs.',
} as const

/**
 * One of the stable codes in {@link errorCodes}.
 *
 * @example const waits = (code: ErrorCode): boolean => code === 'LANE_FULL'
 */
export type ErrorCode = keyof typeof errorCodes

/** The parts of an error message: the problem, the value given, what is allowed, and the fix. */
export interface ErrorParts {
  /** The problem, as a sentence without its full stop. */
  readonly problem: string
  /** The value that caused the error; shown as JSON, shortened where it is long. */
  readonly value?: unknown
  /** What is allowed instead. */
  readonly allowed?: string
  /** How to fix it. */
  readonly fix?: string
  /** Whether the same call can succeed later without any change. Default false. */
  readonly retryable?: boolean
  /** The error that caused this one. */
  readonly cause?: unknown
}

/**
 * The one error class of Millrace.
 *
 * @example
 * ```ts
 * try {
 *   seconds(-1)
 * } catch (error) {
 *   const isMine = error instanceof MillraceError && error.code === 'ARGUMENT_INVALID'
 *   if (isMine) console.log(error.message)
 * }
 * ```
 */
export class MillraceError extends Error {
  override readonly name = 'MillraceError'
  /** The stable code. Programs match on the code, never on the message. */
  readonly code: ErrorCode
  /** Whether a retry can succeed without any change. */
  readonly retryable: boolean
  /** The id of the operator that has failed, where one has. */
  operator?: string

  constructor(code: ErrorCode, parts: ErrorParts) {
    super(messageOf(code, parts), parts.cause === undefined ? undefined : { cause: parts.cause })
    this.code = code
    this.retryable = parts.retryable ?? false
  }
}

/** Far below what an item, a line of a log or an answer of a function may hold. */
const MESSAGE_CHARACTERS_MAX = 12_000

const messageOf = (
  code: ErrorCode,
  { problem, value, allowed, fix, cause }: ErrorParts,
): string => {
  const lines = [`${oneLine(problem)} [${code}]`]
  if (value !== undefined) lines.push(`  given:   ${preview(value)}`)
  if (allowed !== undefined) lines.push(`  allowed: ${oneLine(allowed)}`)
  if (fix !== undefined) lines.push(`  fix:     ${oneLine(fix)}`)
  if (cause !== undefined) lines.push(`  because: ${causeText(cause)}`)
  return cutText(lines.join('\n'), MESSAGE_CHARACTERS_MAX)
}

const causeText = (cause: unknown): string => thrownText(cause).replaceAll('\n', '\n           ')

/**
 * Whether an error is one of Millrace, with a code and a message as they were made. Users may throw
 * one that they have changed, or a proxy, which must not throw again here.
 */
export const isMillraceError = (error: unknown): error is MillraceError => {
  try {
    return (
      error instanceof MillraceError &&
      Object.hasOwn(errorCodes, error.code) &&
      typeof error.message === 'string'
    )
  } catch {
    return false
  }
}

/** The code of an error of Millrace, or the given one for whatever else was thrown. */
export const codeOf = (thrown: unknown, otherwise: ErrorCode): ErrorCode =>
  isMillraceError(thrown) ? thrown.code : otherwise

/** Returns the error itself if it is a MillraceError; otherwise wraps it under the given code. */
export const asMillraceError = (
  error: unknown,
  code: ErrorCode,
  parts: ErrorParts,
): MillraceError =>
  isMillraceError(error) ? error : new MillraceError(code, { ...parts, cause: error })

/** The numbered invariants of the batch protocol: see docs/internals/protocol.md. */
export type Invariant =
  | 'B1'
  | 'B2'
  | 'B3'
  | 'B4'
  | 'B5'
  | 'B6'
  | 'B7'
  | 'B8'
  | 'B9'
  | 'B10'
  | 'B11'
  | 'B12'

/**
 * Throws when an invariant of the protocol does not hold. This is only for bugs of Millrace: a
 * failure from outside has an error code of its own. The check is also on in production, because to
 * continue after a broken invariant loses data.
 */
export function invariant(id: Invariant, holds: boolean, what: string): asserts holds {
  if (holds) return
  throw new MillraceError('INVARIANT_BROKEN', {
    problem: `${id} does not hold: ${what}`,
    fix:
      'this is a bug in Millrace; the batch was not committed. Please report it with the ' +
      'output of millrace status --json',
  })
}
