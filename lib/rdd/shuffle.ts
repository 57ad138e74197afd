/** What happens to pairs between two stages: combined by key in each partition on its own, then spread over new partitions and combined again. */
import { MillraceError } from '../base/errors.ts'
import { KeyedMap, partitionOf } from '../base/keys.ts'
import { type Partition, evaluate, type Sink, userFunctionFailed } from './evaluate.ts'

/**
 * Settings of operations that shuffle.
 *
 * @example pairs.reduceByKey((a, b) => a + b, { partitions: 2 })
 */
export interface ShuffleOptions {
  /** How many partitions the result has. Default 1. */
  readonly partitions?: number
}

/** The number of partitions of a new dataset: one would lose every key in a dataset of none. */
export const checkedPartitions = (partitions: number): number => {
  if (Number.isInteger(partitions) && partitions >= 1) return partitions
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'A dataset needs partitions',
    value: partitions,
    allowed: 'a whole number from 1',
  })
}

/** One partition by key: what a map-side combine does. `label` names the operator whose function may throw. */
export const combinePartition = <T, K, W>(
  partition: Partition<T>,
  label: string,
  add: (map: KeyedMap<K, W>, element: T) => void,
): KeyedMap<K, W> => {
  let map = new KeyedMap<K, W>()
  const open = (): Sink<T> => {
    const fresh = new KeyedMap<K, W>()
    map = fresh
    return (element) => add(fresh, element)
  }
  return blaming(label, `a partition of ${partition.records.length} records`, () => {
    evaluate(partition, open)
    return map
  })
}

/** Spreads combined partitions over new ones by key. With one on both sides there is nothing to spread. */
export const mergeByKey = <K, W>(
  combined: readonly KeyedMap<K, W>[],
  partitionCount: number,
  label: string,
  merge: (a: W, b: W) => W,
): [K, W][][] => {
  const [only] = combined
  if (only !== undefined && combined.length === 1 && partitionCount === 1)
    return [only.sortedEntries()]
  const targets = Array.from({ length: partitionCount }, () => new KeyedMap<K, W>())
  return blaming(label, `${combined.length} partitions combined by key`, () => {
    for (const map of combined) {
      for (const [key, value] of map.sortedEntries())
        targets[partitionOf(key, partitionCount)]?.combine(key, value, merge)
    }
    return targets.map((target) => target.sortedEntries())
  })
}

/** Grouping: one more value of a key. */
export const appendValue = <K, V>(map: KeyedMap<K, V[]>, [key, value]: readonly [K, V]): void => {
  const values = map.get(key)
  if (values === undefined) map.set(key, [value])
  else values.push(value)
}

/** Grouping: the values of a key from two partitions. */
export const joinValues = <V>(a: V[], b: readonly V[]): V[] => {
  for (const value of b) a.push(value)
  return a
}

/** As {@link blaming}, for work that waits. */
export const blamingLater = async <R>(
  label: string,
  record: string,
  work: () => Promise<R>,
): Promise<R> => {
  try {
    return await work()
  } catch (error) {
    if (error instanceof MillraceError) throw error
    throw userFunctionFailed({ label, record, error })
  }
}

/** An error of a user's function under the name of its operator. */
const blaming = <R>(label: string, record: string, work: () => R): R => {
  try {
    return work()
  } catch (error) {
    if (error instanceof MillraceError) throw error
    throw userFunctionFailed({ label, record, error })
  }
}
