/**
 * Running the narrow operators of a partition, fused into one pass.
 *
 * A partition is an array of records with the steps that are still to be applied to them. Pouring
 * pushes each record through all steps into a sink, with no intermediate arrays and nothing checked
 * on the way. When a user's function throws, what the sink got so far is given up and the partition
 * is poured again into a fresh one, record by record, so that the bad record is found and only it
 * is put aside: the price of finding it is paid only where there is one. Functions are
 * deterministic (docs/guarantees.md), so the good records give the same again.
 */
import { MillraceError } from '../base/errors.ts'

/** One narrow operator. `label` names it in errors: the node's id. */
export type Step =
  | { readonly kind: 'map'; readonly label: string; readonly f: (element: never) => unknown }
  | { readonly kind: 'filter'; readonly label: string; readonly f: (element: never) => boolean }
  | {
      readonly kind: 'flatMap'
      readonly label: string
      readonly f: (element: never) => Iterable<unknown>
    }

/** A record on which a function of the source stage threw. */
export interface BadRecord {
  readonly index: number
  readonly record: unknown
  /** The operator whose function threw. */
  readonly label: string
  readonly error: unknown
}

/**
 * Where the records of a partition came from, if straight from a source: then a bad one can be put
 * aside (B9).
 */
export interface Origin {
  /** For messages: the source and the lane or file. */
  readonly description: string
  /**
   * Takes note of a bad record. May be told of the same one again, when several outputs pour the
   * same partition.
   */
  reject(bad: BadRecord): void
}

/** One partition: records, and what is still to be done to them. */
export interface Partition<T> {
  readonly records: readonly unknown[]
  readonly steps: readonly Step[]
  /** Undefined once the records have been through a shuffle or a `mapPartitions`. */
  readonly origin?: Origin | undefined
  /** Carries the element type; never there at run time. */
  readonly element?: T
}

/** Takes one element. */
export type Sink<T> = (element: T) => void

/**
 * More bad records than this, and more than a hundredth of the partition, are not poison but broken
 * code (B9).
 */
export const POISON_RECORDS_MAX = 10
const POISON_SHARE_MAX = 0.01

/**
 * Pushes every element of a partition, in order, into a sink that `open` makes. `open` may be
 * called a second time: what the first sink got is void then.
 *
 * @throws MillraceError `POISON_BREAKER` when too many records are bad; `USER_FUNCTION_FAILED` when
 * a record that is not straight from a source is; and whatever the sink throws.
 */
export const evaluate = <T>(partition: Partition<T>, open: () => Sink<T>): void => {
  const { records, steps } = partition
  if (steps.length === 0) return records.forEach(open() as Sink<unknown>)
  const push = chain(steps, open())
  try {
    for (let i = 0; i < records.length; i++) push(records[i])
  } catch {
    evaluateByRecord(partition, open())
  }
}

/** Composes the steps, last first, into one function from a record to calls of the sink. */
const chain = <T>(steps: readonly Step[], sink: Sink<T>): Sink<unknown> => {
  let next = sink as Sink<unknown>
  for (const step of steps.toReversed()) next = link(step, next)
  return next
}

const link = (step: Step, next: Sink<unknown>): Sink<unknown> => {
  if (step.kind === 'map') {
    const f = step.f as (element: unknown) => unknown
    return (element) => next(f(element))
  }
  if (step.kind === 'filter') {
    const keep = step.f as (element: unknown) => boolean
    return (element) => {
      if (keep(element)) next(element)
    }
  }
  const f = step.f as (element: unknown) => Iterable<unknown>
  return (element) => {
    for (const inner of f(element)) next(inner)
  }
}

/** Which step threw, and what. */
class StepFailure extends Error {
  readonly label: string
  readonly error: unknown
  constructor(label: string, error: unknown) {
    super(label)
    this.label = label
    this.error = error
  }
}

const nameErrors = (step: Step): Step => {
  const f = step.f as (element: unknown) => unknown
  // A lazy iterable throws while it is walked, outside of the function that made it: so it is
  // walked here.
  const whole =
    step.kind === 'flatMap' ? (element: unknown) => [...(f(element) as Iterable<unknown>)] : f
  const runGuarded = (element: unknown): unknown => {
    try {
      return whole(element)
    } catch (error) {
      throw new StepFailure(step.label, error)
    }
  }
  return { ...step, f: runGuarded } as Step
}

const evaluateByRecord = <T>(partition: Partition<T>, sink: Sink<T>): void => {
  const { records, steps, origin } = partition
  let outputs: T[] = []
  const push = chain<T>(steps.map(nameErrors), (element) => outputs.push(element))
  let bad = 0
  records.forEach((record, index) => {
    outputs = []
    try {
      push(record)
    } catch (failure) {
      if (!(failure instanceof StepFailure)) throw failure
      const found = { index, record, label: failure.label, error: failure.error }
      if (origin === undefined) throw userFunctionError(found)
      origin.reject(found)
      bad += 1
      if (bad > POISON_RECORDS_MAX && bad > records.length * POISON_SHARE_MAX)
        throw tooMuchPoison(bad, records.length, origin, found)
      return
    }
    outputs.forEach(sink)
  })
}

/** The error for a function of the pipeline that threw where no record can be put aside. */
export const userFunctionError = ({
  label,
  record,
  error,
}: Pick<BadRecord, 'label' | 'record' | 'error'>): MillraceError =>
  new MillraceError('USER_FUNCTION_FAILED', {
    problem: `The function of ${label} threw`,
    value: record,
    fix:
      'mend the function and start again: the batch is kept and computed anew. millrace skip ' +
      'gives the batch up',
    cause: error,
  })

const tooMuchPoison = (
  bad: number,
  all: number,
  origin: Origin,
  { label, record, error }: BadRecord,
): MillraceError =>
  new MillraceError('POISON_BREAKER', {
    problem:
      `The function of ${label} threw on ${bad} records of a part of ${all} from ` +
      `${origin.description}: that is broken code, not bad data`,
    value: record,
    allowed: `at most ${POISON_RECORDS_MAX} bad records, or one in a hundred`,
    fix: 'mend the function and start again: the batch is kept and computed anew',
    cause: error,
  })
