/** The map side of a shuffle: combines the pairs of some partitions by key. */
import { type KeyedMap, partitionOf } from '../base/keys.ts'
import type { Pause } from '../base/pauses.ts'
import { CombinedMap } from './combined-map.ts'
import { evaluate, pushAll } from './evaluate.ts'
import { checkPair, pairTrial } from './pairs.ts'
import type { Partition } from './partition.ts'
import type { Bucket, Shuffle, ShuffleInput } from './shuffle-types.ts'
import type { Sink } from './steps.ts'

/**
 * Combines the pairs of some partitions into a map: a map task. `until`: the last partition that is
 * used here, as for `ReadAhead`. Undefined: this process also runs the tasks after it.
 */
export const combineGroup = async <K, V, W>(
  { partitionAt, pause }: Pick<ShuffleInput<K, V>, 'partitionAt' | 'pause'>,
  shuffle: Shuffle<V, W>,
  group: readonly number[],
  into: CombinedMap<K, V, W>,
  until: number | undefined,
): Promise<void> => {
  const sink = pairSink(into)
  for (const index of group) {
    const partition = await partitionAt(index, until)
    const before = combinedBefore<K, V, W>(partition, shuffle)
    // It is alone in its group.
    if (before !== undefined) return into.take(before, pause)
    try {
      await pushAll(partition, sink, pause)
    } catch {
      into.drop()
      const apart = await combineApart({ partitionAt, pause }, shuffle, group, until)
      return into.take(apart.sorted(), pause)
    }
  }
  await into.nextTask(pause)
}

/** What was made of a partition where its records came in. Undefined: its records are there. */
const combinedBefore = <K, V, W>(
  { combined }: Partition<readonly [K, V]>,
  { label }: Shuffle<V, W>,
): Bucket<K, W> | undefined => combined?.entriesOf(label) as Bucket<K, W> | undefined

/** The same where a record is bad: partition by partition, so that it spoils no other one. */
const combineApart = async <K, V, W>(
  { partitionAt, pause }: Pick<ShuffleInput<K, V>, 'partitionAt' | 'pause'>,
  shuffle: Shuffle<V, W>,
  group: readonly number[],
  until: number | undefined,
): Promise<CombinedMap<K, V, W>> => {
  const all = new CombinedMap<K, V, W>(shuffle)
  for (const index of group) {
    const partition = await partitionAt(index, until)
    await all.take(await combineOne<K, V, W>(partition, shuffle, pause), pause)
  }
  return all
}

const pairSink =
  <K, V>({ add }: Pick<CombinedMap<K, V, unknown>, 'add'>): Sink<readonly [K, V]> =>
  (element) => {
    const pair = checkPair(element)
    add(pair[0], pair[1])
  }

/** Combines one partition by key, without its bad records. */
export const combineOne = async <K, V, W>(
  partition: Partition<readonly [K, V]>,
  shuffle: Shuffle<V, W>,
  pause?: Pause,
): Promise<Bucket<K, W>> => {
  const before = combinedBefore<K, V, W>(partition, shuffle)
  if (before !== undefined) return before
  let map = new CombinedMap<K, V, W>(shuffle)
  await evaluate(partition, {
    label: shuffle.label,
    pause,
    open: () => pairSink((map = new CombinedMap<K, V, W>(shuffle))),
    trial: () => pairTrial<K, V, W>((to, key, value) => addTo(to, key, value, shuffle)),
  })
  await map.nextTask(pause)
  return map.sorted()
}

const addTo = <K, V, W>(
  map: KeyedMap<K, W>,
  key: K,
  value: V,
  { create, add }: Shuffle<V, W>,
): void => map.set(key, map.has(key) ? add(map.get(key) as W, value) : create(value))

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
