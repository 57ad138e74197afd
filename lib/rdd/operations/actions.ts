/** Actions: operations that compute the RDD and return a plain value. */
import type { AnyValue, Combination, MergeCombinations, MergeValue } from '../pair-types.ts'
import { MillraceError } from '../../base/errors.ts'
import { refusePromise } from '../../base/promises.ts'
import { evaluate } from '../evaluate.ts'
import { RDD } from '../rdd.ts'
import type { Sink } from '../steps.ts'

declare module '../rdd.ts' {
  interface RDD<T> {
    /**
     * Returns all elements, partition by partition.
     *
     * @example await parallelize([1, 2]).collect() // [1, 2]
     */
    collect(): Promise<T[]>

    /**
     * Counts the elements.
     *
     * @example await parallelize([1, 2]).count() // 2
     */
    count(): Promise<number>

    /**
     * Reduces all elements to one. `f` must be associative and commutative.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when the RDD is empty, as in Spark.
     * @example await parallelize([1, 2, 3]).reduce((a, b) => a + b) // 6
     */
    reduce(f: (a: T, b: T) => T): Promise<T>

    /**
     * The same as `reduce`: all partitions are reduced in one process, so a tree would not help.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when the RDD is empty, as in Spark.
     * @example await parallelize([1, 2, 3]).treeReduce((a, b) => a + b) // 6
     */
    treeReduce(f: (a: T, b: T) => T): Promise<T>

    /**
     * Folds all elements into one value. Each partition begins with `zero`, and so does the merge
     * of the partitions, so `f` with `zero` must not change the other value. `f` must be
     * associative. An empty RDD gives `zero`.
     *
     * @example await parallelize([1, 2, 3]).fold(0, (a, b) => a + b) // 6
     */
    fold(zero: T, f: (a: T, b: T) => T): Promise<T>

    /**
     * Aggregates all elements into a value of another type. `zero` makes a first value for each
     * partition, `add` adds each element of the partition to it, and `merge` merges the values of
     * the partitions, beginning with another `zero()`.
     *
     * @example
     * ```ts
     * await words.aggregate(
     *   () => 0,
     *   (sum, word) => sum + word.length,
     *   (a, b) => a + b,
     * )
     * // 13
     * ```
     */
    aggregate<U extends AnyValue>(
      zero: () => U,
      add: MergeValue<Combination<U>, T>,
      merge: MergeCombinations<Combination<U>>,
    ): Promise<Combination<U>>

    /**
     * Returns the first elements, at most `count`. Computes only the partitions that it needs.
     *
     * @example await parallelize([1, 2, 3]).take(2) // [1, 2]
     */
    take(count: number): Promise<T[]>

    /**
     * Returns the first element.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when the RDD is empty, as in Spark.
     * @example await parallelize([1, 2, 3]).first() // 1
     */
    first(): Promise<T>

    /**
     * Whether the RDD has no element.
     *
     * @example await parallelize([]).isEmpty() // true
     */
    isEmpty(): Promise<boolean>

    /**
     * Calls `f` with each element, in order. `f` must not be async: use `foreachPartition` for
     * that.
     *
     * @throws MillraceError `PROMISE_UNEXPECTED` when `f` returns a promise.
     *
     * @example await parallelize([1, 2]).foreach((n) => { total += n })
     */
    foreach(f: (element: T) => void): Promise<void>

    /**
     * Calls `f` once for each partition with its elements, also for empty partitions. `f` may be
     * async; the calls run one after the other. Use it to open one connection for each partition.
     *
     * @example await rdd.foreachPartition(async (part) => { await database.insert([...part]) })
     */
    foreachPartition(f: (elements: Iterable<T>) => void | Promise<void>): Promise<void>
  }
}

/** The error of an action that has no result for an empty RDD. */
export const emptyRddError = (action: string, fix: string): MillraceError =>
  new MillraceError('ARGUMENT_INVALID', {
    problem: `${action}() of an empty RDD has no result`,
    fix,
  })

RDD.prototype.collect = async function <T>(this: RDD<T>) {
  return (await this.partitions()).flat(1) as T[]
}

RDD.prototype.count = async function () {
  const {
    label,
    context: { pause },
  } = this
  const counts = await this.ofEach(async (index, until) => {
    let count = 0
    const open = (): Sink<unknown> => {
      count = 0
      return () => {
        count += 1
      }
    }
    await evaluate(await this.partitionAt(index, until), { label, pause, open })
    return count
  })
  return counts.reduce((total, count) => total + count, 0)
}

RDD.prototype.reduce = async function <T>(this: RDD<T>, f: (a: T, b: T) => T) {
  const elements = await this.collect()
  if (elements.length === 0)
    throw emptyRddError(
      'reduce',
      'check isEmpty() first, or reduce the stream, which gives nothing for an empty batch',
    )
  return elements.reduce((a, b) => refusePromise(f(a, b)))
}

RDD.prototype.treeReduce = async function <T>(this: RDD<T>, f: (a: T, b: T) => T) {
  return this.reduce(f)
}

RDD.prototype.fold = async function <T>(this: RDD<T>, zero: T, f: (a: T, b: T) => T) {
  return aggregate(this, () => zero, f, f)
}

const aggregate = async <T, U>(
  rdd: RDD<T>,
  zero: () => U,
  add: MergeValue<U, T>,
  merge: MergeCombinations<U>,
): Promise<U> => {
  const values = (await rdd.partitions()).map((elements) =>
    elements.reduce((value, element) => refusePromise(add(value, element)), zero()),
  )
  return values.reduce((a, b) => refusePromise(merge(a, b)), zero())
}

RDD.prototype.aggregate = async function <T, U>(
  this: RDD<T>,
  zero: () => U,
  add: MergeValue<Combination<U>, T>,
  merge: MergeCombinations<Combination<U>>,
) {
  return aggregate(this, zero as () => Combination<U>, add, merge)
}

RDD.prototype.take = async function <T>(this: RDD<T>, count: number) {
  const taken: (readonly T[])[] = []
  let left = count
  for (let index = 0; index < this.getNumPartitions() && left > 0; index++) {
    const some = (await this.elements(index)).slice(0, left)
    taken.push(some)
    left -= some.length
  }
  return taken.flat(1) as T[]
}

RDD.prototype.first = async function <T>(this: RDD<T>) {
  const taken = await this.take(1)
  if (taken.length === 0) throw emptyRddError('first', 'check isEmpty() first, or use take(1)')
  return taken[0] as T
}

RDD.prototype.isEmpty = async function () {
  return (await this.take(1)).length === 0
}

RDD.prototype.foreach = async function (f) {
  for (const elements of await this.partitions())
    elements.forEach((element) => refusePromise(f(element)))
}

RDD.prototype.foreachPartition = async function (f) {
  for (const elements of await this.partitions()) await f(elements)
}
