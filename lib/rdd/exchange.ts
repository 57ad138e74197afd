/**
 * An exchange brings the pairs of a batch to the partitions of an operator that keeps state. Each
 * task divides what it has by key. Nobody looks at a part before the partition that it is for
 * moves its state: so a part can go from one process to another as it came.
 */
import { type Coded, partitionOf } from '../base/keys.ts'
import type { Pause } from '../base/pauses.ts'
import { combineGroup } from './combine.ts'
import { CombinedMap } from './combined-map.ts'
import { elementsOf } from './elements.ts'
import { groupsOf } from './groups.ts'
import { checkPair } from './pairs.ts'
import type { RDD } from './rdd.ts'
import type { Bucket, Combining, ShuffleInput } from './shuffle-types.ts'

/** What one task has for one partition. */
export interface ExchangePart {
  /** The pairs. A part that came from another process is decoded by this. */
  pairs(): Iterable<readonly [unknown, unknown]>
}

/** An exchange that can be run. */
export interface Exchange {
  /** Whether the records are still in their source: then the batch is large. */
  readonly isUnread: boolean
  /** Runs its tasks. Gives what they have for each partition, in the order of the tasks. */
  parts(): Promise<readonly (readonly ExchangePart[])[]>
}

/** How the pairs of a task become those of each partition. */
type Divide = (group: readonly number[]) => Promise<readonly ExchangePart[]>

const runExchange = async (
  input: ShuffleInput<unknown, unknown>,
  { node, partitions, divide }: { node: string; partitions: number; divide: Divide },
): Promise<readonly (readonly ExchangePart[])[]> => {
  const { tasks, number, elsewhere, partitionCount, sizeOf, taskBytes } = input
  await input.prepare()
  const groups = groupsOf(partitionCount, sizeOf, taskBytes)
  const given: (readonly ExchangePart[])[] = []
  const pack = (index: number): Promise<readonly ExchangePart[]> =>
    divide(groups[index] as readonly number[])
  const take = (parts: unknown): void => void given.push(parts as readonly ExchangePart[])
  await tasks.runStage({
    node,
    side: 'exchange',
    number,
    count: groups.length,
    elsewhere,
    here: async (index) => take(await pack(index)),
    pack,
    take,
  })
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
 */
export const combinedExchange = <V, W>(
  rdd: RDD<readonly [unknown, unknown]>,
  partitions: number,
  combining: Combining<V, W>,
): Exchange => {
  const { label } = rdd
  const input = rdd.shuffleInput<unknown, V>('exchange')
  const shuffle = { label, partitions, ...combining }
  const divide: Divide = async (group) => {
    const own = new CombinedMap<unknown, V, W>(shuffle)
    await combineGroup(input, shuffle, group, own)
    // With one partition, the pairs stay in their map, which can sort them.
    if (partitions === 1) return [new CombinedPart(own)]
    return divided(own.entries(), partitions)
  }
  return {
    isUnread: input.elsewhere === 'unread',
    parts: () =>
      runExchange(input as ShuffleInput<unknown, unknown>, { node: label, partitions, divide }),
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
  const merged = new CombinedMap<unknown, V, W>(combining)
  for (const part of parts)
    await merged.take(part.pairs() as Iterable<readonly [Coded<unknown>, W]>, pause)
  return merged.sorted()
}

/** The pairs of an RDD, each by itself, in their order. Keys are as users made them. */
export const orderedExchange = (
  rdd: RDD<readonly [unknown, unknown]>,
  partitions: number,
): Exchange => {
  const { label, pause } = rdd
  const input = rdd.shuffleInput<unknown, unknown>('exchange')
  const divide: Divide = async (group) => {
    const pairs: (readonly [unknown, unknown])[] = []
    for (const index of group) {
      const partition = await input.partitionAt(index, group.at(-1))
      for (const element of await elementsOf(partition, label, pause))
        pairs.push(checkPair(element))
    }
    return divided(pairs, partitions)
  }
  return {
    isUnread: input.elsewhere === 'unread',
    parts: () => runExchange(input, { node: label, partitions, divide }),
  }
}

/** The pairs of the parts of a partition, in the order of tasks. */
export function* pairsOfParts(
  parts: readonly ExchangePart[],
): Generator<readonly [unknown, unknown]> {
  for (const part of parts) yield* part.pairs()
}
