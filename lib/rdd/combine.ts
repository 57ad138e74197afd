/** The map side of a shuffle: combines the pairs of some partitions by key. */
import { KeyedMap, partitionOf } from '../base/keys.ts'
import { type Pause, visitAll } from '../base/pauses.ts'
import { evaluate, pushAll } from './evaluate.ts'
import { checkPair, pairTrial } from './pairs.ts'
import type { Partition } from './partition.ts'
import type { Bucket, Shuffle, ShuffleInput } from './shuffle-types.ts'
import type { Sink } from './steps.ts'

/** Two values of a key could not be merged. */
export class Unmergeable extends Error {}

/** Combines the pairs of some partitions in one map: a map task. */
export const combineGroup = async <K, V, W>(
  { partitionAt, pause }: ShuffleInput<K, V>,
  shuffle: Shuffle<K, V, W>,
  group: readonly number[],
): Promise<KeyedMap<K, W>> => {
  const map = new KeyedMap<K, W>()
  const sink = pairSink(shuffle, map)
  for (const index of group) {
    const partition = await partitionAt(index)
    try {
      await pushAll(partition, sink, pause)
    } catch {
      return combineApart({ partitionAt, pause }, shuffle, group)
    }
  }
  return map
}

/** The same where a record is bad: partition by partition, so that it spoils no other one. */
const combineApart = async <K, V, W>(
  { partitionAt, pause }: Pick<ShuffleInput<K, V>, 'partitionAt' | 'pause'>,
  shuffle: Shuffle<K, V, W>,
  group: readonly number[],
): Promise<KeyedMap<K, W>> => {
  let merged: KeyedMap<K, W> | undefined
  for (const index of group) {
    const map = await combineOne(await partitionAt(index), shuffle, pause)
    if (merged === undefined) merged = map
    else await mergeInto(merged, map, shuffle.merge, pause)
  }
  return merged ?? new KeyedMap()
}

const pairSink =
  <K, V, W>({ add }: Shuffle<K, V, W>, map: KeyedMap<K, W>): Sink<readonly [K, V]> =>
  (element) => {
    const pair = checkPair(element)
    add(map, pair[0], pair[1])
  }

/** Combines one partition by key, without its bad records. */
export const combineOne = async <K, V, W>(
  partition: Partition<readonly [K, V]>,
  shuffle: Shuffle<K, V, W>,
  pause?: Pause,
): Promise<KeyedMap<K, W>> => {
  const { label, add } = shuffle
  let map = new KeyedMap<K, W>()
  await evaluate(partition, {
    label,
    pause,
    open: () => pairSink(shuffle, (map = new KeyedMap<K, W>())),
    trial: () => pairTrial(add),
  })
  return map
}

/** Merges a map into one of earlier partitions. Throws {@link Unmergeable}. */
export const mergeInto = async <K, W>(
  merged: KeyedMap<K, W>,
  map: KeyedMap<K, W>,
  merge: (a: W, b: W) => W,
  pause: Pause | undefined,
): Promise<void> => {
  try {
    await visitAll(map.codedEntries(), pause, ([key, value]) => merged.combine(key, value, merge))
  } catch {
    throw new Unmergeable()
  }
}

/** Distributes sorted pairs over the partitions after a shuffle. */
export const bucketsOf = <K, W>(
  entries: Bucket<K, W>,
  partitions: number,
): readonly Bucket<K, W>[] => {
  if (partitions === 1) return [entries]
  const buckets = Array.from({ length: partitions }, (): Bucket<K, W> => [])
  for (const entry of entries) buckets[partitionOf(entry[0], partitions)]?.push(entry)
  return buckets
}
