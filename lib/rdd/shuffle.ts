/**
 * A shuffle has two sides. The map side combines values by key within each partition. The reduce
 * side merges the results of all partitions. Each side is one task for each partition: see
 * tasks.ts.
 */
import { isMillraceError, MillraceError } from '../base/errors.ts'
import { type Coded, KeyedMap, partitionOf, plainKey } from '../base/keys.ts'
import { isPromiseError } from '../base/promises.ts'
import {
  checkPoison,
  errorOf,
  type KeyRejection,
  type Origin,
  originAfterShuffle,
} from './bad-records.ts'
import { evaluate } from './evaluate.ts'
import type { Partition } from './partition.ts'
import { type Pause, visitAll } from '../base/pauses.ts'
import { checkPair, pairTrial } from './pairs.ts'

/**
 * Settings of operations that shuffle.
 *
 * @example pairs.reduceByKey((a, b) => a + b, { partitions: 2 })
 */
export interface ShuffleOptions {
  /** How many partitions the result has. Default 1. */
  readonly partitions?: number
}

/**
 * Checks the number of partitions of a new RDD. An RDD without partitions would lose all its
 * elements.
 */
export const checkPartitions = (partitions: number): number => {
  if (Number.isInteger(partitions) && partitions >= 1) return partitions
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'An RDD needs at least one partition',
    value: partitions,
    allowed: 'a whole number, 1 or more',
  })
}

/** How a shuffle combines values by key. */
export interface Shuffle<K, V, W> {
  /** The label of the operator, for errors of its function. */
  readonly label: string
  /** The number of partitions after the shuffle. */
  readonly partitions: number
  /** Adds a value of a key to the map of its partition. */
  readonly add: (map: KeyedMap<K, W>, key: K, value: V) => void
  /** Merges the values of two partitions for one key: the earlier partition first. */
  readonly merge: (a: W, b: W) => W
}

/** What an operator says of its shuffle. */
export interface Combining<K, V, W> extends Pick<Shuffle<K, V, W>, 'add' | 'merge'> {
  /** The result has keys in the form inside Millrace, for an operator that goes on by key. */
  readonly coded?: boolean
}

/**
 * Pairs of one map task for one reduce task, in the order of keys. Keys are in the form inside
 * Millrace, so the reduce side does not encode them again.
 */
export type Bucket<K, W> = [Coded<K>, W][]

/**
 * The map side: combines one partition by key. Returns one bucket for each partition after the
 * shuffle.
 */
export const mapSide = async <K, V, W>(
  partition: Partition<readonly [K, V]>,
  shuffle: Shuffle<K, V, W>,
  pause?: Pause,
): Promise<readonly Bucket<K, W>[]> => {
  const { label, partitions, add } = shuffle
  let map = new KeyedMap<K, W>()
  await evaluate(partition, {
    label,
    pause,
    open: () => {
      const fresh = new KeyedMap<K, W>()
      map = fresh
      return (element) => {
        const pair = checkPair(element)
        add(fresh, pair[0], pair[1])
      }
    },
    trial: () => pairTrial(add),
  })
  const entries = map.sortedCoded()
  if (partitions === 1) return [entries]
  const buckets = Array.from({ length: partitions }, (): [Coded<K>, W][] => [])
  for (const entry of entries) buckets[partitionOf(entry[0], partitions)]?.push(entry)
  return buckets
}

/**
 * The reduce side: merges the buckets of one partition by key, in the order of their map tasks.
 * `keys`: puts aside the keys whose values cannot be merged.
 */
export const reduceSide = async <K, W>(
  buckets: readonly Bucket<K, W>[],
  { label, merge }: Pick<Shuffle<K, never, W>, 'label' | 'merge'>,
  { keys, partition, pause }: ReduceSide,
): Promise<Bucket<K, W>> => {
  const [only = [], ...others] = buckets
  if (others.length === 0) return only
  if (keys !== undefined) return mergeByKey(buckets, merge, { keys, label, partition, pause })
  return blamingLater(label, `${buckets.length} partitions combined by key`, async () => {
    const merged = new KeyedMap<K, W>()
    for (const bucket of buckets)
      await visitAll(bucket, pause, ([key, value]) => merged.combine(key, value, merge))
    return merged.sortedCoded()
  })
}

interface ReduceSide {
  readonly keys?: KeyRejection | undefined
  readonly partition: number
  readonly pause?: Pause | undefined
}

const mergeByKey = async <K, W>(
  buckets: readonly Bucket<K, W>[],
  merge: (a: W, b: W) => W,
  parts: ReduceSide & { readonly keys: KeyRejection; readonly label: string },
): Promise<Bucket<K, W>> => {
  const { keys, label, partition, pause } = parts
  const merged = new KeyedMap<K, W>()
  const bad = new KeyedMap<K, unknown>()
  await visitAll(buckets.flat(1), pause, ([key, value]) => {
    if (bad.has(key)) return
    try {
      merged.combine(key, value, merge)
    } catch (error) {
      bad.set(key, error)
    }
  })
  const entries = merged.sortedCoded()
  if (bad.size === 0) return entries
  const had = new KeyedMap<K, W[]>()
  for (const [key, value] of buckets.flat(1)) if (bad.has(key)) appendValue(had, key, value)
  const origin = originAfterShuffle(keys, label, partition) as Origin
  for (const [index, [key, error]] of bad.sortedCoded().entries()) {
    const one = { index, record: [plainKey(key), had.get(key)], label, error }
    checkPoison(origin, bad.size, entries.length, one)
    origin.reject(one)
  }
  return entries.filter(([key]) => !bad.has(key))
}

/** For grouping: adds one more value of a key. */
export const appendValue = <K, V>(map: KeyedMap<K, V[]>, key: Coded<K>, value: V): void => {
  map.update(key, (values) => {
    if (values === undefined) return [value]
    values.push(value)
    return values
  })
}

/** For grouping: appends the values of the later partition to those of the earlier one. */
export const joinValues = <V>(a: V[], b: readonly V[]): V[] => {
  for (const value of b) a.push(value)
  return a
}

/** Runs the work. Wraps an error of a user function in one that names its operator. */
export const blamingLater = async <R>(
  label: string,
  record: string,
  work: () => Promise<R>,
): Promise<R> => {
  try {
    return await work()
  } catch (error) {
    if (isMillraceError(error) && !isPromiseError(error)) throw error
    throw errorOf({ label, record, error })
  }
}
