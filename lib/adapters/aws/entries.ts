/**
 * Calls that take several entries at once, of which the service may refuse some. What became of
 * each is said in one form for all services.
 */
import { createHash } from 'node:crypto'
import { MillraceError } from '../../base/errors.ts'
import { deniedFix, isDenied, isThrottled, isThrottledName, isTransient } from './aws-errors.ts'

/** A group of its own for messages without a key would be one for each: they share one. */
const DEFAULT_GROUP = 'all'

/** What FIFO queues and topics take as a group. */
const GROUP = /^[!-~]{1,128}$/

/** The group of a key. A key that cannot be one, such as `New York`, is known by its digest. */
export const groupOf = (key: string = DEFAULT_GROUP): string =>
  GROUP.test(key) ? key : createHash('sha256').update(key).digest('hex')

/** An entry that a service has refused. */
export interface Refusal {
  /** Its number in the call. */
  readonly index: number
  readonly code: string
  readonly message?: string | undefined
  /** Whether trying again cannot help, as far as the service knows. */
  readonly isFault: boolean
}

/** What a service says of an entry, in the order of the call, also of those that it has taken. */
interface EntryResult {
  readonly ErrorCode?: string | undefined
  readonly ErrorMessage?: string | undefined
}

/**
 * The entries that were refused, in the answer of a service that says something of each. `fault`:
 * the codes of which the service knows that trying again cannot help.
 */
export const refusalsOf = (
  results: readonly EntryResult[] | undefined,
  fault: RegExp,
): readonly Refusal[] =>
  (results ?? []).flatMap(({ ErrorCode: code, ErrorMessage: message }, index) =>
    typeof code === 'string' ? [{ index, code, message, isFault: fault.test(code) }] : [],
  )

/** What a service says of an entry that it has refused. Its id is its number in the call. */
interface FailedEntry {
  readonly Id: string | undefined
  readonly Code: string | undefined
  readonly Message?: string | undefined
  readonly SenderFault: boolean | undefined
}

/** The entries that were refused, in the answer of a service that names only those. */
export const failuresOf = (failed: readonly FailedEntry[] | undefined): readonly Refusal[] =>
  (failed ?? []).map(({ Id, Code: code = '', Message: message, SenderFault }) => ({
    index: Number(Id),
    code,
    message,
    isFault: SenderFault === true,
  }))

/** What became of a call. */
export interface EntriesAnswer<E> {
  /** What the service did not take, and may take later. In the order of the call. */
  readonly again: readonly E[]
  /** Why. */
  readonly reason?: string
  /** How many of them were refused because the service was asked too much. */
  readonly throttled?: number
}

/** Where entries go, for messages. */
export interface EntriesPlace {
  /** `queue`. */
  readonly noun: string
  readonly place: string
  /** The right that the call needs: `sqs:SendMessage`. */
  readonly action: string
}

const refused = (
  { noun, place, action }: EntriesPlace,
  reason: string,
  cause?: unknown,
): MillraceError =>
  new MillraceError('OUTPUT_FAILED', {
    problem: `The ${noun} refused messages: ${reason}`,
    value: place,
    ...(isDenied(cause) ? { fix: deniedFix(action, place) } : {}),
    cause,
  })

const reasonOf = ({ code, message }: Refusal): string => message ?? code

/**
 * Makes a call with entries. `call` gives those that were refused.
 *
 * Services call it a fault of the sender when they, or the key they encrypt with, were asked too
 * much. Such entries are tried again all the same.
 *
 * @throws MillraceError `OUTPUT_FAILED` when trying again cannot help.
 */
export const callWithEntries = async <E>(
  entries: readonly E[],
  where: EntriesPlace,
  call: () => Promise<readonly Refusal[]>,
): Promise<EntriesAnswer<E>> => {
  let refusals: readonly Refusal[]
  try {
    refusals = await call()
  } catch (error) {
    const reason = (error as Error).message
    if (!isTransient(error)) throw refused(where, reason, error)
    return { again: entries, reason, ...(isThrottled(error) ? { throttled: entries.length } : {}) }
  }
  const fault = refusals.find(({ code, isFault }) => isFault && !isThrottledName(code))
  if (fault !== undefined) throw refused(where, reasonOf(fault))
  const [first] = refusals
  if (first === undefined) return { again: [] }
  const numbers = refusals.map(({ index }) => index).toSorted((a, b) => a - b)
  // A service that does not say which one it refused may have refused any.
  const isKnown = numbers.every((index) => entries[index] !== undefined)
  return {
    again: isKnown ? numbers.map((index) => entries[index] as E) : entries,
    reason: reasonOf(first),
    throttled: refusals.filter(({ code }) => isThrottledName(code)).length,
  }
}
