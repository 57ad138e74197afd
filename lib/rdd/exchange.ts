/**
 * An exchange brings the pairs of a batch to the partitions of an operator that keeps state. Each
 * task divides what it has by key. Nobody looks at a part before the partition that it is for
 * moves its state: so a part can go from one process to another as it came.
 */
import { type Coded, partitionOf } from '../base/keys.ts'
import type { Pause } from '../base/pauses.ts'
import { bucketsOf, combineGroup } from './combine.ts'
import { CombinedMap } from './combined-map.ts'
import { elementsOf } from './elements.ts'
import { groupsOf } from './groups.ts'
import { mergedByPartition } from './merge-keys.ts'
import { checkPair } from './pairs.ts'
import type { RDD } from './rdd.ts'
import type { Bucket, Combining, Shuffle, ShuffleInput } from './shuffle-types.ts'
import type { Stage } from './tasks.ts'

/** What one task has for one partition. */
export interface ExchangePart {
  /** The pairs. A part that came from another process is decoded by this. */
  pairs(): Iterable<readonly [unknown, unknown]>
}

/** What tasks have for each partition, in the order of the tasks. */
export type PartsByPartition = readonly (readonly ExchangePart[])[]

/** An exchange that can be run. */
export interface Exchange {
  /** Whether the records are still in their source: then the batch is large. */
  readonly isUnread: boolean
  /** Runs its tasks. What they give stays apart, so that it can be merged in another process. */
  parts(): Promise<PartsByPartition>
  /** Runs its tasks, and merges what they give as it comes, where that takes less memory. */
  merged(): Promise<PartsByPartition>
}

type Input = ShuffleInput<unknown, unknown>

/** How the pairs of a task become those of each partition. `until`: see {@link combineGroup}. */
type Divide = (group: readonly number[], until?: number) => Promise<readonly ExchangePart[]>

/** Takes what tasks give. */
interface Taking {
  /** Runs a task here. Left out: it is divided, and then taken. */
  readonly here?: (group: readonly number[]) => Promise<void>
  readonly take: (parts: readonly ExchangePart[]) => Promise<void> | void
  readonly takenSoFar: () => readonly ExchangePart[]
  readonly gave?: () => number
}

const runExchange = async (
  input: Input,
  { node, divide, take, takenSoFar, gave, ...taking }: TakingFrom,
): Promise<void> => {
  const { here = async (group) => take(await divide(group)) } = taking
  const { tasks, number, elsewhere, partitionCount, sizeOf, taskBytes } = input
  await input.prepare()
  const groups = groupsOf(partitionCount, sizeOf, taskBytes)
  const groupAt = (index: number): readonly number[] => groups[index] as readonly number[]
  const stage: Stage = {
    node,
    side: 'exchange',
    number,
    count: groups.length,
    elsewhere,
    here: (index) => here(groupAt(index)),
    pack: (index) => {
      const group = groupAt(index)
      return divide(group, group.at(-1))
    },
    take: (parts) => take(parts as readonly ExchangePart[]),
    takenSoFar,
    ...(gave === undefined ? {} : { gave }),
  }
  await tasks.runStage(stage)
}

interface TakingFrom extends Taking {
  readonly node: string
  readonly divide: Divide
}

/** Runs the tasks of an exchange. Gives what they have for each partition. */
const partsApart = async (
  input: Input,
  { node, partitions, divide }: { node: string; partitions: number; divide: Divide },
): Promise<PartsByPartition> => {
  const given: (readonly ExchangePart[])[] = []
  const take = (parts: readonly ExchangePart[]): void => void given.push(parts)
  const takenSoFar = (): readonly ExchangePart[] =>
    Array.from({ length: partitions }, (_, partition) =>
      partOf(given.flatMap((parts) => [...(parts[partition] as ExchangePart).pairs()])),
    )
  await runExchange(input, { node, divide, take, takenSoFar })
  return Array.from({ length: partitions }, (_, partition) =>
    given.map((parts) => parts[partition] as ExchangePart),
  )
}

/** Pairs in memory. */
const partOf = (pairs: readonly (readonly [unknown, unknown])[]): ExchangePart => ({
  pairs: () => pairs,
})

/** Divides pairs among partitions. They stay in their order. */
const divided = (
  pairs: readonly (readonly [unknown, unknown])[],
  partitions: number,
): readonly ExchangePart[] => {
  if (partitions === 1) return [partOf(pairs)]
  const parts = Array.from({ length: partitions }, (): (readonly [unknown, unknown])[] => [])
  for (const pair of pairs) parts[partitionOf(pair[0], partitions)]?.push(pair)
  return parts.map(partOf)
}

/**
 * The pairs of an RDD, combined by key in each task. See {@link mergedParts} for the other side.
 * Keys are in the form inside Millrace.
 *
 * If two tasks have values of a key that cannot be merged, `merged` rejects with `Unmergeable`, and
 * so does `mergedParts`. See {@link exchangeByPartition}.
 */
export const combinedExchange = <V, W>(
  rdd: RDD<readonly [unknown, unknown]>,
  partitions: number,
  combining: Combining<V, W>,
): Exchange => {
  const {
    label: node,
    context: { pause },
  } = rdd
  const input = rdd.shuffleInput<unknown, V>('exchange')
  const shuffle = { label: node, partitions, ...combining }
  const divide: Divide = async (group, until) => {
    const own = new CombinedMap<unknown, V, W>(shuffle)
    await combineGroup(input, shuffle, group, own, until)
    // With one partition, the pairs stay in their map, which can sort them.
    if (partitions === 1) return [new CombinedPart(own)]
    return divided(own.entries(), partitions)
  }
  return {
    isUnread: input.elsewhere === 'unread',
    parts: () => partsApart(input as Input, { node, partitions, divide }),
    async merged() {
      const merged = new CombinedMap<unknown, V, W>(shuffle)
      await runExchange(input as Input, {
        node,
        divide,
        here: (group) => combineGroup(input, shuffle, group, merged, undefined),
        async take(parts) {
          for (const part of parts) await merged.take(entriesOf<W>(part), pause)
        },
        takenSoFar: () => divided(merged.entries(), partitions),
        gave: () => merged.size,
      })
      return sortedParts(bucketsOf(merged.sorted(), partitions))
    },
  }
}

/**
 * The same, combined by key in each partition of the RDD, and merged here: so a key is found whose
 * values cannot be merged. It is put aside, or the exchange fails. That needs more memory.
 */
export const exchangeByPartition = <V, W>(
  rdd: RDD<readonly [unknown, unknown]>,
  partitions: number,
  combining: Combining<V, W>,
): Exchange => {
  const input = rdd.shuffleInput<unknown, V>('exchange')
  const shuffle: Shuffle<V, W> = { label: rdd.label, partitions, ...combining }
  const parts = async (): Promise<PartsByPartition> => {
    await input.prepare()
    return sortedParts(await mergedByPartition(input, shuffle))
  }
  return { isUnread: input.elsewhere === 'unread', parts, merged: parts }
}

const sortedParts = (buckets: readonly Bucket<unknown, unknown>[]): PartsByPartition =>
  buckets.map((bucket) => [new SortedPart(bucket)])

/** All that a partition gets, merged and in the order of keys. */
class SortedPart implements ExchangePart {
  readonly bucket: Bucket<unknown, unknown>

  constructor(bucket: Bucket<unknown, unknown>) {
    this.bucket = bucket
  }

  pairs(): readonly (readonly [unknown, unknown])[] {
    return this.bucket
  }
}

/** What a task has combined in this process. */
class CombinedPart<V, W> implements ExchangePart {
  readonly map: CombinedMap<unknown, V, W>

  constructor(map: CombinedMap<unknown, V, W>) {
    this.map = map
  }

  pairs(): readonly (readonly [unknown, unknown])[] {
    return this.map.entries()
  }
}

/** The pairs of the parts of a partition, merged by key in the order of tasks, sorted by key. */
export const mergedParts = async <V, W>(
  parts: readonly ExchangePart[],
  combining: Combining<V, W>,
  pause: Pause | undefined,
): Promise<Bucket<unknown, W>> => {
  const [first] = parts
  if (parts.length === 1 && first instanceof CombinedPart) return first.map.sorted()
  if (parts.length === 1 && first instanceof SortedPart) return first.bucket as Bucket<unknown, W>
  const merged = new CombinedMap<unknown, V, W>(combining)
  for (const part of parts) await merged.take(entriesOf<W>(part), pause)
  return merged.sorted()
}

const entriesOf = <W>(part: ExchangePart): Iterable<readonly [Coded<unknown>, W]> =>
  part.pairs() as Iterable<readonly [Coded<unknown>, W]>

/** The pairs of an RDD, each by itself, in their order. Keys are as users made them. */
export const orderedExchange = (
  rdd: RDD<readonly [unknown, unknown]>,
  partitions: number,
): Exchange => {
  const {
    label,
    context: { pause },
  } = rdd
  const input = rdd.shuffleInput<unknown, unknown>('exchange')
  const divide: Divide = async (group, until) => {
    const pairs: (readonly [unknown, unknown])[] = []
    for (const index of group) {
      const partition = await input.partitionAt(index, until)
      for (const element of await elementsOf(partition, label, pause))
        pairs.push(checkPair(element))
    }
    return divided(pairs, partitions)
  }
  const parts = (): Promise<PartsByPartition> =>
    partsApart(input, { node: label, partitions, divide })
  return { isUnread: input.elsewhere === 'unread', parts, merged: parts }
}

/** The pairs of the parts of a partition, in the order of tasks. */
export function* pairsOfParts(
  parts: readonly ExchangePart[],
): Generator<readonly [unknown, unknown]> {
  for (const part of parts) yield* part.pairs()
}
