/**
 * Records that a part of a batch cannot be computed with (B9), and what becomes of them.
 *
 * A record is bad where its badness shows before the next shuffle: in a function, in the shape of a
 * pair, in a key or value that cannot be stored, or in the function of a reduction. Nothing of a
 * bad record is in any result of its operator; see by-record.ts.
 */
import { isMillraceError, MillraceError, type ErrorCode } from '../base/errors.ts'
import { isPromiseError, promiseError } from '../base/promises.ts'

/** A record that is put aside. */
export interface BadRecord {
  readonly index: number
  readonly record: unknown
  /** The label of the operator that could not go on. */
  readonly label: string
  readonly error: unknown
}

/** When so many records of a part are bad that the code is broken, not the data (B9). */
export interface PoisonLimits {
  /** More bad records than this. */
  readonly records: number
  /** And more than this share of the records of the part, 0 to 1. */
  readonly share: number
}

/** The default of the option `poison`. */
export const POISON_LIMITS: PoisonLimits = Object.freeze({ records: 100, share: 0.5 })

/** What a key had in a batch after a shuffle, and cannot be processed with. */
export interface BadKey {
  /** The label of the operator that could not go on. */
  readonly label: string
  /** Where in the operator: the same in each attempt at the batch. */
  readonly place: string
  readonly key: unknown
  /** What the key had: its elements at this place, or the values that its function got. */
  readonly values: unknown
  readonly error: unknown
}

/** Puts a key aside (the option `onBadKey`), within the limits for one part of a batch. */
export interface KeyRejection {
  readonly limits: PoisonLimits
  reject(bad: BadKey): void
}

/**
 * The origin of a partition of pairs after a shuffle. Undefined: a bad one fails the batch.
 */
export const originAfterShuffle = (
  keys: KeyRejection | undefined,
  label: string,
  partition: number,
): Origin | undefined =>
  keys && {
    description: `partition ${partition} of ${label}`,
    limits: keys.limits,
    reject: ({ index, record, label: at, error }) => {
      const [key, values] = record as readonly [unknown, unknown]
      checkFault(error)
      keys.reject({ label: at, place: `${partition}.${index}`, key, values, error })
    },
  }

/** Where the records of a partition come from, if a bad one can become a dead letter (B9). */
export interface Origin {
  /** For messages: the source, and the lane or file; or the operator. */
  readonly description: string
  /** How many more records of this part could not be read. They count as bad. Default 0. */
  readonly unreadable?: number
  /** Default: {@link POISON_LIMITS}. */
  readonly limits?: PoisonLimits
  /**
   * Reports a bad record. The same record may be reported more than once, if several outputs
   * evaluate the same partition.
   */
  reject(bad: BadRecord): void
}

/** The error for a user function that threw where a record cannot become a dead letter. */
export const userFunctionError = ({
  label,
  record,
  error,
}: Pick<BadRecord, 'label' | 'record' | 'error'>): MillraceError =>
  new MillraceError('USER_FUNCTION_FAILED', {
    problem: `The function of ${label} threw`,
    value: record,
    fix:
      'correct the function and start again: the batch stays logged and is computed again. ' +
      'To drop the batch, use millrace skip',
    cause: error,
  })

/** Errors that say by themselves what is wrong with an element. */
const OWN_CODES: ReadonlySet<string> = new Set([
  'EVENT_TIME_INVALID',
  'KEY_UNSUPPORTED',
  'PAIR_INVALID',
  'VALUE_UNSUPPORTED',
] satisfies ErrorCode[])

const withOperator = (error: MillraceError, label: string): MillraceError => {
  error.operator ??= label
  return error
}

/** The error for a bad record that cannot become a dead letter. */
export const errorOf = (bad: Pick<BadRecord, 'label' | 'record' | 'error'>): MillraceError => {
  const { label, record, error } = bad
  if (isMillraceError(error) && OWN_CODES.has(error.code)) return withOperator(error, label)
  return withOperator(
    isPromiseError(error) ? promiseError({ label, record }) : userFunctionError(bad),
    label,
  )
}

/** Throws an error that is the fault of the code, whatever the record is. */
export const checkFault = (error: unknown): void => {
  if (isMillraceError(error) && error.code === 'ACCUMULATOR_MISPLACED') throw error
}

/** Whether this many bad records mean that the code is broken. */
export const isBroken = (
  bad: number,
  records: number,
  { records: most, share }: PoisonLimits,
): boolean => bad > most && bad > records * share

/**
 * Checks the bad records of a part of `records` readable records. `first` is one of them.
 *
 * @throws MillraceError `POISON_BREAKER`.
 */
export const checkPoison = (
  { description, unreadable = 0, limits = POISON_LIMITS }: Omit<Origin, 'reject'>,
  bad: number,
  records: number,
  first?: Pick<BadRecord, 'label' | 'record' | 'error'>,
): void => {
  const [allBad, all] = [bad + unreadable, records + unreadable]
  if (!isBroken(allBad, all, limits)) return
  const what =
    first === undefined
      ? `${allBad} of ${all} records of ${description} cannot be read`
      : `${first.label} could not process ${allBad} of ${all} records of ${description}`
  throw new MillraceError('POISON_BREAKER', {
    problem:
      `${what}: this is not about single records, ` +
      (first === undefined ? 'the data is not what the source expects' : 'the code is broken'),
    value: first?.record,
    allowed:
      `at most ${limits.records} bad records in a part, or a share of ${limits.share} of it: ` +
      'the option poison of stream()',
    fix:
      (first === undefined
        ? 'remove the data, or bind the source to it in another way'
        : 'correct the function') +
      ' and start again: the batch stays logged and is computed again',
    cause: first?.error,
  })
}
