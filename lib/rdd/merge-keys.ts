/** A shuffle where two values of a key cannot be merged: it puts the key aside, or fails. */
import { KeyedMap, plainKey } from '../base/keys.ts'
import { type Pause, visitAll } from '../base/pauses.ts'
import { checkPoison, type KeyRejection, type Origin, originAfterShuffle } from './bad-records.ts'
import { bucketsOf, combineOne } from './combine.ts'
import { appendValue, blamingLater } from './grouping.ts'
import type { Bucket, Shuffle, ShuffleInput } from './shuffle-types.ts'

/** The result of a shuffle, partition by partition: so it is known which values are to blame. */
export const mergedByPartition = async <K, V, W>(
  { partitionCount, partitionAt, keys, pause }: ShuffleInput<K, V>,
  shuffle: Shuffle<V, W>,
): Promise<readonly Bucket<K, W>[]> => {
  const mapped: (readonly Bucket<K, W>[])[] = []
  for (let index = 0; index < partitionCount; index++) {
    const entries = await combineOne<K, V, W>(await partitionAt(index), shuffle, pause)
    mapped.push(bucketsOf(entries, shuffle.partitions))
  }
  const reduced: Bucket<K, W>[] = []
  for (let partition = 0; partition < shuffle.partitions; partition++) {
    const buckets = mapped.map((all) => all[partition] ?? [])
    reduced.push(await reduceSide(buckets, shuffle, { keys, partition, pause }))
  }
  return reduced
}

/** Merges the buckets of one partition by key, in the order of their map tasks. */
const reduceSide = async <K, W>(
  buckets: readonly Bucket<K, W>[],
  { label, merge }: Pick<Shuffle<never, W>, 'label' | 'merge'>,
  { keys, partition, pause }: ReduceSide,
): Promise<Bucket<K, W>> => {
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
