/**
 * Evaluates a partition in which something has thrown, record by record.
 *
 * 1. Find the bad records: run the steps of each record, and try whether the target can take what
 *    they give. The trial compares records with each other: where the values of a key cannot be
 *    reduced, those that most records agree with stay.
 * 2. Put the bad records aside, or fail where that is not possible.
 * 3. Push the elements of the other records into a new sink. A sink that has seen a part of a bad
 *    record is never used.
 */
import { ignoreRejections } from '../base/promises.ts'
import type { MillraceError } from '../base/errors.ts'
import { addingSteps } from './adds/adding-steps.ts'
import { type BadRecord, checkFault, checkPoison, errorOf } from './bad-records.ts'
import type { Partition, Target } from './partition.ts'
import { allOf } from './records.ts'
import { type Pause, RECORDS_PER_SLICE } from '../base/pauses.ts'
import { chain, nameErrors, StepFailure } from './steps.ts'

/** Functions whose errors depend on the order of records can need more than one new sink. */
const SINKS_MAX = 10

/** The elements of one record of the origin. */
type Visit = (record: number, first: number, end: number) => void

/** A partition with its records in an array. */
interface Whole<T> extends Partition<T> {
  readonly records: readonly unknown[]
}

export const evaluateByRecord = async <T>(
  evaluated: Partition<T>,
  target: Target<T>,
  firstError: unknown,
): Promise<void> => {
  const partition: Whole<T> = { ...evaluated, records: allOf(evaluated.records) }
  if (partition.origin === undefined) throw await failureOf(partition, target, firstError)
  const bad = await findBad(partition, target)
  for (let sinks = 0; sinks < SINKS_MAX; sinks++) {
    const next = await fill(partition, target, bad)
    if (next === undefined) {
      for (const one of bad.values()) partition.origin.reject(one)
      return
    }
    bad.set(next.index, next)
    checkPoison(partition.origin, bad.size, sizeOf(partition), next)
  }
  throw errorOf([...bad.values()].at(-1) as BadRecord)
}

const sizeOf = ({ records, madeFrom }: Whole<unknown>): number =>
  madeFrom === undefined ? records.length : new Set(madeFrom).size

const forEachRecord = async (
  { records, madeFrom }: Whole<unknown>,
  pause: Pause | undefined,
  visit: Visit,
): Promise<void> => {
  let visits = 0
  for (let first = 0; first < records.length;) {
    const record = madeFrom?.[first] ?? first
    let end = first + 1
    while (madeFrom !== undefined && end < records.length && madeFrom[end] === record) end += 1
    visit(record, first, end)
    first = end
    visits += 1
    const due = visits % RECORDS_PER_SLICE === 0 ? pause?.() : undefined
    if (due !== undefined) await due
  }
}

/** Makes the function that gives all elements of one record, or throws. */
const elementsOf = <T>({
  records,
  steps,
}: Pick<Whole<T>, 'records' | 'steps'>): ((first: number, end: number) => T[]) => {
  let outputs: T[] = []
  const push = chain<T>(steps.map(nameErrors), (element) => outputs.push(element))
  return (first, end) => {
    outputs = []
    try {
      for (let i = first; i < end; i++) push(records[i], first)
    } catch (failure) {
      ignoreRejections(outputs)
      throw failure
    }
    return outputs
  }
}

const badRecord = (
  { records }: Whole<unknown>,
  label: string,
  { record, first }: { readonly record: number; readonly first: number },
  failure: unknown,
): BadRecord => {
  const thrown =
    failure instanceof StepFailure
      ? { label: failure.label, error: failure.error }
      : { label, error: failure }
  checkFault(thrown.error)
  return { index: record, record: records[first], ...thrown }
}

const findBad = async <T>(
  partition: Whole<T>,
  target: Target<T>,
): Promise<Map<number, BadRecord>> => {
  const bad = new Map<number, BadRecord>()
  const firsts = new Map<number, number>()
  const trial = target.trial?.()
  const { records, steps } = partition
  // What they add here never counts.
  const elements = elementsOf<T>({ records, steps: addingSteps(steps)?.steps ?? steps })
  const size = sizeOf(partition)
  const add = (record: number, first: number, failure: unknown): void => {
    const one = badRecord(partition, target.label, { record, first }, failure)
    bad.set(record, one)
    if (partition.origin !== undefined) checkPoison(partition.origin, bad.size, size, one)
  }
  await forEachRecord(partition, target.pause, (record, first, end) => {
    firsts.set(record, first)
    let outputs: readonly T[] = []
    try {
      outputs = elements(first, end)
      for (const element of outputs) trial?.take(element, record)
    } catch (failure) {
      ignoreRejections(outputs)
      add(record, first, failure)
    }
  })
  for (const [record, error] of trial?.unfit() ?? [])
    if (!bad.has(record)) add(record, firsts.get(record) as number, error)
  return bad
}

/** Fills a new sink with the good records. Gives a further bad record if there is one. */
const fill = async <T>(
  partition: Whole<T>,
  target: Target<T>,
  bad: ReadonlyMap<number, BadRecord>,
): Promise<BadRecord | undefined> => {
  const sink = target.open()
  const { records, steps } = partition
  const adding = addingSteps(steps)
  const elements = elementsOf<T>({ records, steps: adding?.steps ?? steps })
  let found: BadRecord | undefined
  let good = 0
  await forEachRecord(partition, target.pause, (record, first, end) => {
    if (found !== undefined || bad.has(record)) return
    adding?.begin()
    try {
      for (const element of elements(first, end)) sink(element, record)
      adding?.keep()
      good += end - first
    } catch (failure) {
      adding?.drop()
      found = badRecord(partition, target.label, { record, first }, failure)
    }
  })
  if (found === undefined) adding?.done(good)
  return found
}

/** The error of the first bad record, where none can be put aside. */
const failureOf = async <T>(
  partition: Whole<T>,
  target: Target<T>,
  firstError: unknown,
): Promise<MillraceError> => {
  const found = await fill(partition, target, new Map())
  // A function that gives other results the second time is no reason to go on with them.
  return errorOf(
    found ?? {
      label: target.label,
      record: `a partition of ${partition.records.length} records`,
      error: firstError,
    },
  )
}
