import { MillraceError } from '../base/errors.ts'
import type { KeyedMap } from '../base/keys.ts'
import { elementLines } from './element-text.ts'
import { type Partition, pour, type Step, userFunctionFailed } from './pour.ts'
import { appendValue, checkedPartitions, combinePartition, joinValues, mergeByKey, type ShuffleOptions } from './shuffle.ts'

/** What a dataset can reach while a batch runs; a dataset made outside of a batch reaches nothing. */
export interface RddContext {
  /** Writes text parts under the fence of the running attempt; see `OutputFiles`. */
  saveText(path: string, parts: readonly Uint8Array[]): Promise<void>
}

const NO_CONTEXT: RddContext = {
  async saveText(path: string): Promise<void> {
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'This dataset belongs to no batch, so it cannot be saved',
      value: path,
      fix: 'save inside foreachRDD, from the dataset it hands you',
    })
  },
}

/** How a dataset gets its partitions. */
interface Lineage<T> {
  readonly partitionCount: number
  readonly partition: (index: number) => Promise<Partition<T>>
  readonly context: RddContext
  /** Names this dataset in errors: the id of the node that made it. */
  readonly label: string
}

/** A function from one partition's elements to new ones; it may be async. */
export type PartitionFunction<T, U> = (elements: Iterable<T>) => Iterable<U> | Promise<Iterable<U>>

export type { ShuffleOptions } from './shuffle.ts'

/**
 * One batch of data: a lazy collection in partitions. Transformations describe a new one and run nothing; actions (`collect`, `count`,
 * `reduce`, `take`, `saveAsTextFile`, ...) run it. Narrow transformations (`map`, `flatMap`, `filter`, ...) are fused into one pass.
 *
 * The words and the meaning are those of Spark's RDD; see docs/differences.md for what differs.
 *
 * @example
 * ```ts
 * const lengths = await parallelize(['to', 'be']).map((word) => word.length).collect() // [2, 2]
 * ```
 */
export class RDD<T> {
  readonly #lineage: Lineage<T>

  /** @internal Datasets are made by sources, transformations and {@link parallelize}. */
  constructor(lineage: Lineage<T>) {
    this.#lineage = lineage
  }

  /** How many partitions the dataset has. */
  getNumPartitions(): number {
    return this.#lineage.partitionCount
  }

  /** @internal The same dataset inside a batch, under a node's name. */
  within(context: RddContext, label: string): RDD<T> {
    return new RDD({ ...this.#lineage, context, label })
  }

  /** One new element for each element. */
  map<U>(f: (element: T) => U): RDD<U> {
    return this.#narrow({ kind: 'map', f, label: this.#lineage.label })
  }

  /** The elements for which `keep` is true. */
  filter(keep: (element: T) => boolean): RDD<T> {
    return this.#narrow({ kind: 'filter', f: keep, label: this.#lineage.label })
  }

  /** Any number of new elements for each element, in order. */
  flatMap<U>(f: (element: T) => Iterable<U>): RDD<U> {
    return this.#narrow({ kind: 'flatMap', f, label: this.#lineage.label })
  }

  /** As {@link map}, to pairs of a key and a value. */
  mapToPair<K, V>(f: (element: T) => readonly [K, V]): RDD<[K, V]> {
    return this.#narrow({ kind: 'map', f, label: this.#lineage.label })
  }

  /** New values under the same keys. */
  mapValues<K, V, W>(this: RDD<[K, V]>, f: (value: V) => W): RDD<[K, W]> {
    return this.map(([key, value]) => [key, f(value)])
  }

  /** Calls `f` once for each partition, for empty ones too. The elements are there for the length of the call. */
  mapPartitions<U>(f: PartitionFunction<T, U>): RDD<U> {
    const { label, partitionCount } = this.#lineage
    return this.derive(
      partitionCount,
      everyPartition(partitionCount, async (index) => {
        const elements = await this.#elements(index)
        try {
          return [...(await f(elements))]
        } catch (error) {
          throw userFunctionFailed({ label, record: `partition ${index} of ${elements.length} elements`, error })
        }
      }),
    )
  }

  /** The elements of this dataset, then those of the other. */
  union(other: RDD<T>): RDD<T> {
    const own = this.#lineage
    const theirs = other.#lineage
    return new RDD({
      ...own,
      partitionCount: own.partitionCount + theirs.partitionCount,
      partition: async (index) => (index < own.partitionCount ? own.partition(index) : theirs.partition(index - own.partitionCount)),
    })
  }

  /**
   * One pair for each key, its values reduced by `f`, which must be associative and commutative. Keys are equal by value; the result is in
   * the order of the keys.
   */
  reduceByKey<K, V>(this: RDD<[K, V]>, f: (a: V, b: V) => V, { partitions = 1 }: ShuffleOptions = {}): RDD<[K, V]> {
    return this.#shuffled<K, V>(partitions, (map, [key, value]) => map.combine(key, value, f), f)
  }

  /** One pair for each key with all its values, in the order in which they came. The result is in the order of the keys. */
  groupByKey<K, V>(this: RDD<[K, V]>, { partitions = 1 }: ShuffleOptions = {}): RDD<[K, V[]]> {
    return this.#shuffled<K, V[]>(partitions, appendValue, joinValues)
  }

  /** @internal A dataset of the same batch with partitions that are computed together, once, when the first is asked for. */
  derive<U>(partitionCount: number, compute: () => Promise<readonly (readonly U[])[]>): RDD<U> {
    const { context, label } = this.#lineage
    return computedDataset({ partitionCount, compute, context, label })
  }

  /** @internal The elements of every partition. */
  async partitions(): Promise<readonly (readonly T[])[]> {
    return everyPartition(this.#lineage.partitionCount, (index) => this.#elements(index))()
  }

  /** All elements, partition by partition. */
  async collect(): Promise<T[]> {
    return (await this.partitions()).flat(1) as T[]
  }

  /** How many elements there are. */
  async count(): Promise<number> {
    let total = 0
    for (let index = 0; index < this.#lineage.partitionCount; index++) {
      let count = 0
      pour(await this.#lineage.partition(index), () => {
        count = 0
        return () => {
          count += 1
        }
      })
      total += count
    }
    return total
  }

  /**
   * All elements reduced to one by `f`, which must be associative and commutative.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when there is no element, as in Spark.
   */
  async reduce(f: (a: T, b: T) => T): Promise<T> {
    const elements = await this.collect()
    if (elements.length === 0) {
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: 'reduce() of an empty dataset has no result',
        fix: 'ask isEmpty() first, or reduce on the stream, which gives nothing for an empty batch',
      })
    }
    return elements.reduce((a, b) => f(a, b))
  }

  /** The first elements, `count` at most. */
  async take(count: number): Promise<T[]> {
    const taken: T[] = []
    for (let index = 0; index < this.#lineage.partitionCount && taken.length < count; index++) {
      taken.push(...(await this.#elements(index)).slice(0, count - taken.length))
    }
    return taken
  }

  /** Whether there is no element at all. */
  async isEmpty(): Promise<boolean> {
    return (await this.take(1)).length === 0
  }

  /** Calls `f` with each element, in order. */
  async foreach(f: (element: T) => void): Promise<void> {
    for (const elements of await this.partitions()) elements.forEach((element) => f(element))
  }

  /**
   * Writes one text file a partition, `part-00000` and so on, and `_SUCCESS`, into the directory `path`, which may begin with a bound name
   * (`s3://results/x`). Exactly-once in effect inside a batch: an older attempt cannot replace it.
   *
   * @throws MillraceError `OUTPUT_FENCED`, `OUTPUT_EXISTS`, `OUTPUT_FAILED`, `BINDING_MISSING`.
   */
  async saveAsTextFile(path: string): Promise<void> {
    const parts = (await this.partitions()).map(elementLines)
    await this.#lineage.context.saveText(path, parts)
  }

  async #elements(index: number): Promise<readonly T[]> {
    const partition = await this.#lineage.partition(index)
    if (partition.steps.length === 0) return partition.records as readonly T[]
    let elements: T[] = []
    pour(partition, () => {
      const fresh: T[] = []
      elements = fresh
      return (element) => fresh.push(element)
    })
    return elements
  }

  #narrow<U>(step: Step): RDD<U> {
    const { partition, ...rest } = this.#lineage
    return new RDD<U>({
      ...rest,
      partition: async (index) => {
        const { records, steps, origin } = await partition(index)
        return { records, steps: [...steps, step], origin }
      },
    })
  }

  /** Combines each partition by key on its own, then the partitions' results: what a map-side combine and a shuffle do. */
  #shuffled<K, W>(partitionCount: number, add: (map: KeyedMap<K, W>, element: T) => void, merge: (a: W, b: W) => W): RDD<[K, W]> {
    const { label, partition, partitionCount: inputs } = this.#lineage
    return this.derive(checkedPartitions(partitionCount), async () => {
      const combined: KeyedMap<K, W>[] = []
      for (let index = 0; index < inputs; index++) combined.push(combinePartition(await partition(index), label, add))
      return mergeByKey(combined, partitionCount, label, merge)
    })
  }
}

const everyPartition =
  <T>(count: number, elementsOf: (index: number) => Promise<readonly T[]>) =>
  async (): Promise<(readonly T[])[]> => {
    const partitions: (readonly T[])[] = []
    for (let index = 0; index < count; index++) partitions.push(await elementsOf(index))
    return partitions
  }

/** A dataset whose partitions are computed together when the first of them is asked for, and kept as long as the dataset is. */
export const computedDataset = <T>({
  partitionCount,
  compute,
  context = NO_CONTEXT,
  label = 'dataset',
}: {
  readonly partitionCount: number
  readonly compute: () => Promise<readonly (readonly T[])[]>
  readonly context?: RddContext
  readonly label?: string
}): RDD<T> => {
  let computed: Promise<readonly (readonly T[])[]> | undefined
  return new RDD<T>({
    partitionCount,
    context,
    label,
    partition: async (index) => {
      computed ??= compute()
      return { records: (await computed)[index] ?? [], steps: [] }
    },
  })
}

/** A dataset of given partitions, for example of what a source has read. */
export const datasetOf = <T>(partitions: readonly Partition<T>[], context: RddContext = NO_CONTEXT, label = 'dataset'): RDD<T> =>
  new RDD<T>({
    partitionCount: partitions.length,
    context,
    label,
    partition: async (index) => partitions[index] ?? { records: [], steps: [] },
  })

/**
 * A dataset of elements at hand, cut into so many partitions of nearly equal length (Spark's `parallelize`).
 *
 * @throws MillraceError `ARGUMENT_INVALID` when `partitions` is not a whole number above zero.
 * @example
 * ```ts
 * await parallelize([1, 2, 3, 4], { partitions: 2 }).map((n) => n * n).collect() // [1, 4, 9, 16]
 * ```
 */
export const parallelize = <T>(elements: Iterable<T>, { partitions = 1 }: ShuffleOptions = {}): RDD<T> => {
  checkedPartitions(partitions)
  const all = Array.isArray(elements) ? (elements as readonly T[]) : [...elements]
  const cut = (index: number): number => Math.floor((index * all.length) / partitions)
  const parts = Array.from({ length: partitions }, (_, index) => (partitions === 1 ? all : all.slice(cut(index), cut(index + 1))))
  return datasetOf(parts.map((records) => ({ records, steps: [] })))
}
