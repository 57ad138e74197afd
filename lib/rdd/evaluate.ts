/**
 * Evaluates the narrow operators of a partition, fused into one pass.
 *
 * A partition is an array of records and the steps that are still to be applied to them. `evaluate`
 * pushes each record through all steps into a sink. It makes no intermediate arrays and checks
 * nothing on the way. If a user function throws, the output so far is dropped, and the partition is
 * evaluated again into a new sink, record by record. That finds the bad record, and only this
 * record becomes a dead letter. So the cost of the search is paid only if there is a bad record.
 * User functions must be deterministic (docs/guarantees.md), so the good records give the same
 * output again.
 */
import { MillraceError } from '../base/errors.ts'

/** One narrow operator. `label` is the id of its node and names it in errors. */
export type Step =
  | { readonly kind: 'map'; readonly label: string; readonly f: (element: never) => unknown }
  | { readonly kind: 'filter'; readonly label: string; readonly f: (element: never) => boolean }
  | {
      readonly kind: 'flatMap'
      readonly label: string
      readonly f: (element: never) => Iterable<unknown>
    }

/** A record for which a user function of the source stage threw. */
export interface BadRecord {
  readonly index: number
  readonly record: unknown
  /** The label of the operator whose function threw. */
  readonly label: string
  readonly error: unknown
}

/**
 * The source of the records of a partition, if they come directly from a source. Then a bad record
 * can become a dead letter (B9).
 */
export interface Origin {
  /** For messages: the source, and the lane or file. */
  readonly description: string
  /**
   * Reports a bad record. The same record may be reported more than once, if several outputs
   * evaluate the same partition.
   */
  reject(bad: BadRecord): void
}

/** One partition: its records, and the steps that are still to be applied to them. */
export interface Partition<T> {
  readonly records: readonly unknown[]
  readonly steps: readonly Step[]
  /** Undefined after a shuffle or a `mapPartitions`. */
  readonly origin?: Origin | undefined
  /** Only for the type checker: the type of the elements. Never set at run time. */
  readonly element?: T
}

/** Receives one element. */
export type Sink<T> = (element: T) => void

/**
 * If more records than this are bad, and also more than one in a hundred of the partition, the code
 * is broken, not the data (B9).
 */
export const POISON_RECORDS_MAX = 10
const POISON_SHARE_MAX = 0.01

/**
 * Pushes every element of a partition, in order, into a sink that `open` makes. `open` may be
 * called a second time. In that case the caller must drop the elements of the first sink.
 *
 * @throws MillraceError `POISON_BREAKER` when too many records are bad; `USER_FUNCTION_FAILED` for
 * a bad record that does not come directly from a source; and any error that the sink throws.
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

/** Combines the steps, last first, into one function that takes a record and calls the sink. */
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

/** The error of a user function, with the label of its step. */
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
  // A lazy iterable throws while it is iterated, after the function that made it has returned. So
  // it is iterated here.
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

const tooMuchPoison = (
  bad: number,
  all: number,
  origin: Origin,
  { label, record, error }: BadRecord,
): MillraceError =>
  new MillraceError('POISON_BREAKER', {
    problem:
      `The function of ${label} threw on ${bad} of ${all} records from ` +
      `${origin.description}: the code is broken, not the data`,
    value: record,
    allowed: `at most ${POISON_RECORDS_MAX} bad records, or one in a hundred`,
    fix: 'correct the function and start again: the batch stays logged and is computed again',
    cause: error,
  })
