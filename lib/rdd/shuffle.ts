/**
 * A shuffle, in its two halves: pairs are combined by key in each partition on its own, and then
 * those of all partitions are brought together. Each half is a task for each partition: see
 * tasks.ts.
 */
import { MillraceError } from '../base/errors.ts'
import { KeyedMap, partitionOf } from '../base/keys.ts'
import { type Partition, evaluate, type Sink, userFunctionError } from './evaluate.ts'

/**
 * Settings of operations that shuffle.
 *
 * @example pairs.reduceByKey((a, b) => a + b, { partitions: 2 })
 */
export interface ShuffleOptions {
  /** How many partitions the result has. Default 1. */
  readonly partitions?: number
}

/** The number of partitions of a new RDD: every key would be lost in an RDD without any. */
export const checkPartitions = (partitions: number): number => {
  if (Number.isInteger(partitions) && partitions >= 1) return partitions
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'An RDD needs partitions',
    value: partitions,
    allowed: 'a whole number from 1',
  })
}

/** How a shuffle combines values by key. */
export interface Shuffle<T, K, W> {
  /** Names the operator whose function may throw. */
  readonly label: string
  /** How many partitions there are afterwards. */
  readonly partitions: number
  /** Adds an element to what is combined in its partition. */
  readonly add: (map: KeyedMap<K, W>, element: T) => void
  /** Merges what two partitions have for a key: the earlier partition first. */
  readonly merge: (a: W, b: W) => W
}

/** Pairs of one map task for one reduce task, in the order of keys. */
export type Bucket<K, W> = readonly (readonly [K, W])[]

/**
 * The map side: one partition, combined by key on its own. One bucket for each partition
 * afterwards.
 */
export const mapSide = <T, K, W>(
  partition: Partition<T>,
  { label, partitions, add }: Shuffle<T, K, W>,
): readonly Bucket<K, W>[] => {
  let map = new KeyedMap<K, W>()
  const open = (): Sink<T> => {
    const fresh = new KeyedMap<K, W>()
    map = fresh
    return (element) => add(fresh, element)
  }
  const entries = blaming(label, `a partition of ${partition.records.length} records`, () => {
    evaluate(partition, open)
    return map.sortedEntries()
  })
  if (partitions === 1) return [entries]
  const buckets = Array.from({ length: partitions }, (): [K, W][] => [])
  for (const entry of entries) buckets[partitionOf(entry[0], partitions)]?.push(entry)
  return buckets
}

/** The reduce side: the buckets of one partition, in the order of their map tasks. By key. */
export const reduceSide = <K, W>(
  buckets: readonly Bucket<K, W>[],
  { label, merge }: Pick<Shuffle<never, K, W>, 'label' | 'merge'>,
): Bucket<K, W> => {
  const [only = [], ...others] = buckets
  if (others.length === 0) return only
  return blaming(label, `${buckets.length} partitions combined by key`, () => {
    const merged = new KeyedMap<K, W>()
    for (const bucket of buckets)
      for (const [key, value] of bucket) merged.combine(key, value, merge)
    return merged.sortedEntries()
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
    throw userFunctionError({ label, record, error })
  }
}

/** An error of a user's function under the name of its operator. */
const blaming = <R>(label: string, record: string, work: () => R): R => {
  try {
    return work()
  } catch (error) {
    if (error instanceof MillraceError) throw error
    throw userFunctionError({ label, record, error })
  }
}
