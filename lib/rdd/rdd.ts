import { withPlainKeys } from '../base/keys.ts'
import { placesOf } from './adds/place-adds.ts'
import { elementsOf, keepPartition, withStep } from './elements.ts'
import { originAfterShuffle } from './bad-records.ts'
import { NO_CONTEXT, type RddContext } from './context.ts'
import { type Elsewhere, elsewhereOf } from './elsewhere.ts'
import { type Lineage, unknownSize } from './lineage.ts'
import { groupBytesOf, isLazy, type Partition, type SourcePartition } from './partition.ts'
import type { Step } from './steps.ts'
import { checkPartitions, shuffled } from './shuffle.ts'
import type { Combining, ShuffleInput } from './shuffle-types.ts'
import { ReadAhead } from './read-ahead.ts'
import { runResultStage, type StageOf } from './result-stage.ts'
import { NO_TASKS, type StageSide } from './tasks.ts'
import { writeChecked } from './write-checked.ts'
import type { WriteTarget } from './write-target.ts'

export type { ShuffleOptions } from './shuffle.ts'

/**
 * The data of one batch: a lazy collection in partitions. Transformations describe a new RDD and
 * run nothing. Actions (`collect`, `count`, `reduce`, `take`, `saveAsTextFile`, ...) run it. Narrow
 * transformations (`map`, `flatMap`, `filter`, ...) are fused into one pass.
 *
 * Names and meanings are those of Spark's RDD; docs/differences.md lists the differences. This file
 * holds the base of all operations. Each group of operations adds its types and bodies to the class
 * from its own file in `operations/`.
 *
 * @example
 * ```ts
 * const lengths = await parallelize(['to', 'be']).map((word) => word.length).collect() // [2, 2]
 * ```
 */
export class RDD<out T> {
  readonly #lineage: Lineage<T>
  /** The elements that `cache` stores, by partition; undefined: none. */
  #kept: Map<number, Promise<Partition<T>>> | undefined

  /** @internal RDDs are made by sources, transformations and {@link parallelize}. */
  constructor(lineage: Lineage<T>) {
    this.#lineage = lineage
  }

  /**
   * The number of partitions.
   *
   * @example parallelize([1, 2, 3], { partitions: 2 }).getNumPartitions() // 2
   */
  getNumPartitions(): number {
    return this.#lineage.partitionCount
  }

  /**
   * Makes this RDD compute its elements only once, however often they are used. They stay in memory
   * as long as the RDD exists, or until `unpersist()`. Nothing stays from one batch to the next.
   *
   * @example const once = lines.map((line) => JSON.stringify(line)).cache()
   */
  cache(): this {
    this.#kept ??= new Map()
    return this
  }

  /**
   * The same as `cache()`. Memory is the only storage level.
   *
   * @example rdd.persist()
   */
  persist(): this {
    return this.cache()
  }

  /**
   * Frees the memory of `cache()`. Later uses compute the RDD again.
   *
   * @example rdd.unpersist()
   */
  unpersist(): this {
    this.#kept = undefined
    return this
  }

  /** @internal The name of this RDD in errors. */
  get label(): string {
    return this.#lineage.label
  }

  /** @internal What it can use of its batch. */
  get context(): RddContext {
    return this.#lineage.context
  }

  /** @internal Takes what functions add to accumulators. */
  get adds(): RddContext['adds'] {
    return this.#lineage.context.adds
  }

  /** @internal The same RDD inside a batch, with the name of a node. */
  within(context: RddContext, label: string): RDD<T> {
    return new RDD({
      ...this.#lineage,
      partition: async (index, until) => this.partitionAt(index, until),
      elsewhere: this.#elsewhere,
      context,
      label,
    })
  }

  /** @internal This RDD with one more step, fused into the pass over its partitions. */
  narrow<U>(kind: Step['kind'], f: (element: T) => unknown): RDD<U> {
    return this.narrowByLane(kind, () => f)
  }

  /** @internal The same, with a function for each lane of the input. */
  narrowByLane<U>(kind: Step['kind'], f: (lane?: string) => (element: T) => unknown): RDD<U> {
    const { label } = this
    const places = kind === 'check' ? undefined : placesOf(this.#lineage.context.adds, label)
    return new RDD<U>({
      ...this.#lineage,
      elsewhere: this.#elsewhere,
      partition: async (index, until) =>
        withStep(await this.partitionAt(index, until), { kind, f, label }, places?.(index)),
    })
  }

  /**
   * @internal An RDD of the same batch. Its partitions are computed together, once, on the first
   * use of any of them.
   */
  derive<U>(partitionCount: number, compute: () => Promise<readonly (readonly U[])[]>): RDD<U> {
    const { context, label } = this.#lineage
    return computeRdd({ partitionCount, compute, context, label })
  }

  /** @internal Brings equal keys together: map tasks over this RDD, then reduce tasks. */
  shuffle<K, V, W>(partitionCount: number, combining: Combining<V, W>): RDD<[K, W]> {
    const { label, context } = this.#lineage
    const shuffle = { label, partitions: checkPartitions(partitionCount), ...combining }
    const input = this.shuffleInput<K, V>('map')
    return this.derive(partitionCount, async () => {
      await input.prepare()
      const buckets = await shuffled<K, V, W>(input, shuffle)
      return combining.coded === true ? (buckets as [K, W][][]) : buckets.map(withPlainKeys)
    }).keyed(context)
  }

  /** @internal What the next stage of a shuffle needs of this RDD. */
  shuffleInput<K, V>(side: StageSide): ShuffleInput<K, V> {
    const { label, context, partitionCount, sizeOf = unknownSize } = this.#lineage
    const { tasks = NO_TASKS, keys, pause, taskBytes } = context
    return {
      prepare: async () => void (await this.#lineage.prepare?.()),
      partitionCount,
      partitionAt: async (index, until) =>
        (await this.partitionAt(index, until)) as Partition<readonly [K, V]>,
      elsewhere: this.#elsewhere,
      sizeOf,
      taskBytes,
      tasks,
      number: tasks.nextStage(label, side),
      keys,
      pause,
    }
  }

  /** @internal The same pairs. A bad one can be put aside, if the context says so. */
  keyed({ keys }: RddContext = this.#lineage.context): RDD<T> {
    if (keys === undefined) return this
    return new RDD({
      ...this.#lineage,
      elsewhere: this.#elsewhere,
      partition: async (index, until) => ({
        ...(await this.partitionAt(index, until)),
        origin: originAfterShuffle(keys, this.label, index),
      }),
    })
  }

  /** @internal The partitions of this RDD, then the partitions of the others. Computes nothing. */
  beside(others: readonly RDD<T>[]): RDD<T> {
    const places = [this as RDD<T>, ...others].flatMap((rdd) =>
      Array.from({ length: rdd.getNumPartitions() }, (_, index) => ({ rdd, index })),
    )
    return new RDD({
      ...this.#lineage,
      partitionCount: places.length,
      elsewhere: elsewhereOf([this.#elsewhere, ...others.map((other) => other.#elsewhere)]),
      partition: async (place, until = Infinity) => {
        const { rdd, index } = places[place] as (typeof places)[number]
        return rdd.partitionAt(index, index + until - place)
      },
      sizeOf: (place) => {
        const { rdd, index } = places[place] as (typeof places)[number]
        return rdd.#lineage.sizeOf?.(index)
      },
      prepare: async () => {
        for (const rdd of [this as RDD<T>, ...others]) await rdd.#lineage.prepare?.()
      },
    })
  }

  /**
   * @internal One partition with the steps that are still to be applied, for callers that do not
   * need an array of its elements.
   */
  async partitionAt(index: number, until?: number): Promise<Partition<T>> {
    if (this.#kept === undefined) return this.#lineage.partition(index, until)
    const kept = this.#kept.get(index) ?? this.#keep(index)
    this.#kept.set(index, kept)
    return kept
  }

  async #keep(index: number): Promise<Partition<T>> {
    return keepPartition(await this.#lineage.partition(index), this.label, this.context.pause)
  }

  get #elsewhere(): Elsewhere {
    return this.#kept === undefined ? (this.#lineage.elsewhere ?? 'computed') : 'computed'
  }

  /** @internal The elements of one partition. `until`: see {@link ReadAhead.at}. */
  async elements(index: number, until?: number): Promise<readonly T[]> {
    return elementsOf(await this.partitionAt(index, until), this.label, this.context.pause)
  }

  /** @internal The same elements, without the records for whose elements `check` throws. */
  checked(check: (element: T) => unknown): RDD<T> {
    return this.narrow('check', check)
  }

  /** @internal The elements of every partition. */
  async partitions(): Promise<readonly (readonly T[])[]> {
    return this.ofEach((index, until) => this.elements(index, until))
  }

  /** @internal What `make` gives for every partition, as plain data: a result stage. */
  async ofEach<R>(make: (index: number, until?: number) => Promise<R>): Promise<readonly R[]> {
    return runResultStage(await this.stage(), make)
  }

  /** @internal What a stage over its partitions needs. What must run before it has run. */
  async stage(): Promise<StageOf> {
    await this.#lineage.prepare?.()
    return { ...this.#lineage, elsewhere: this.#elsewhere }
  }

  /** @internal Writes the elements to a target, partition by partition. */
  async write(target: WriteTarget): Promise<void> {
    await writeChecked(this, target, this.#lineage.context.write)
  }
}

/**
 * An RDD whose partitions are computed together on the first use of any of them. The result stays
 * in memory as long as the RDD exists.
 */
export const computeRdd = <T>({
  partitionCount,
  compute,
  context = NO_CONTEXT,
  label = 'rdd',
}: {
  readonly partitionCount: number
  readonly compute: () => Promise<readonly (readonly T[])[]>
  readonly context?: RddContext
  readonly label?: string
}): RDD<T> => {
  let computed: Promise<readonly (readonly T[])[]> | undefined
  const prepare = (): Promise<readonly (readonly T[])[]> => (computed ??= compute())
  return new RDD<T>({
    partitionCount,
    context,
    label,
    prepare,
    partition: async (index) => ({ records: (await prepare())[index] ?? [], steps: [] }),
  })
}

/** An RDD of given partitions, for example those of a source. */
export const rddOfPartitions = <T>(
  partitions: readonly SourcePartition<T>[],
  context: RddContext = NO_CONTEXT,
  label = 'rdd',
): RDD<T> => {
  const read = new ReadAhead(partitions)
  return new RDD<T>({
    partitionCount: partitions.length,
    context,
    label,
    partition: (index, until) => read.at(index, until),
    elsewhere: partitions.some(isLazy) ? 'unread' : 'read',
    sizeOf: (index) => groupBytesOf(partitions[index]),
  })
}

/** An RDD of elements in memory, given by partition. */
export const rddOfElements = <T>(partitions: readonly (readonly T[])[]): RDD<T> =>
  rddOfPartitions(partitions.map((records) => ({ records, steps: [] })))
