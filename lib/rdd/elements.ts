/** The elements of a partition, as arrays. */
import type { BadRecord } from './bad-records.ts'
import { evaluate } from './evaluate.ts'
import type { Partition } from './partition.ts'
import type { Pause } from '../base/pauses.ts'
import { allOf } from './records.ts'
import type { StepPlace } from './adds/place-adds.ts'
import type { Sink, Step } from './steps.ts'

/** The elements of a partition. `label` names the RDD in errors. */
export const elementsOf = async <T>(
  partition: Partition<T>,
  label: string,
  pause?: Pause,
): Promise<readonly T[]> => {
  if (partition.steps.length === 0) return allOf(partition.records) as readonly T[]
  let elements: T[] = []
  const open = (): Sink<T> => {
    const fresh: T[] = []
    elements = fresh
    return (element) => fresh.push(element)
  }
  await evaluate(partition, { label, pause, open })
  return elements
}

/**
 * The partition with its elements computed. It remembers from which record each element was made,
 * so that the record can still be put aside by a later operator.
 */
export const keepPartition = async <T>(
  partition: Partition<T>,
  label: string,
  pause?: Pause,
): Promise<Partition<T>> => {
  const { records, steps, origin, madeFrom, lane } = partition
  if (steps.length === 0) return { ...partition, records: allOf(records) }
  if (origin === undefined)
    return { records: await elementsOf(partition, label, pause), steps: [], lane }
  let elements: T[] = []
  let numbers: number[] = []
  const open = (): Sink<T> => {
    const [some, theirs]: [T[], number[]] = [[], []]
    elements = some
    numbers = theirs
    return (element, record) => {
      some.push(element)
      theirs.push(record)
    }
  }
  await evaluate(partition, { label, pause, open })
  // A record that is put aside is the one of the source, and not what was made of it.
  // Made once, however many records are bad.
  let all: readonly unknown[] | undefined
  const reject = (bad: BadRecord): void =>
    origin.reject({ ...bad, record: (all ??= allOf(records))[bad.index] })
  return {
    records: elements,
    steps: [],
    madeFrom: numbers,
    lane,
    origin: madeFrom === undefined ? { ...origin, reject } : origin,
  }
}

/** A step that is made for each lane of the input. */
interface LaneStep extends Pick<Step, 'kind' | 'label'> {
  readonly f: (lane?: string) => unknown
}

/** The partition with one more step. */
export const withStep = <U>(
  partition: Partition<unknown>,
  { f, ...step }: LaneStep,
  place: StepPlace | undefined,
): Partition<U> => {
  const { steps, lane } = partition
  const own = { ...step, f: f(lane), ...(place === undefined ? {} : { place }) } as Step
  return { ...partition, steps: [...steps, own] } as Partition<U>
}
