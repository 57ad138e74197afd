import { MillraceError } from '../base/errors.ts'
import type { PartitionFunction, ShuffleOptions } from '../rdd/rdd.ts'
import { checkedFunction, checkedShuffle, checkedText } from './checks.ts'
import type { GraphBuilder } from './graph-builder.ts'
import { filterNode } from './operators/filter.ts'
import { flatMapNode } from './operators/flat-map.ts'
import { type ForeachFunction, foreachRddNode } from './operators/foreach-rdd.ts'
import { mapPartitionsNode } from './operators/map-partitions.ts'
import { mapValuesNode } from './operators/map-values.ts'
import { mapNode, mapToPairNode } from './operators/map.ts'
import { printNode } from './operators/print.ts'
import { reduceByKeyNode } from './operators/reduce-by-key.ts'
import { saveAsTextFilesNode } from './operators/save-as-text-files.ts'
import { type TransformFunction, transformNode, type TransformOptions } from './operators/transform.ts'
import { unionNode } from './operators/union.ts'
import { type UpdateFunction, updateStateByKeyNode } from './operators/update-state-by-key.ts'
import type { PlanNode } from './plan-node.ts'

/**
 * A stream in batches: one dataset (RDD) at every batch time. Methods describe a new stream and run nothing; the output operations `print`,
 * `saveAsTextFiles` and `foreachRDD` say what must happen. The words and the meaning are those of Spark's DStream.
 *
 * @example
 * ```ts
 * const words = ssc.textFileStream('lines').flatMap((line) => line.split(' '))
 * words.mapToPair((word) => [word, 1]).reduceByKey((a, b) => a + b).print()
 * ```
 */
export class DStream<T> {
  readonly #graph: GraphBuilder
  readonly #node: PlanNode

  /** @internal Streams are made by a StreamingContext and by each other. */
  constructor(graph: GraphBuilder, node: PlanNode) {
    this.#graph = graph
    this.#node = node
  }

  /**
   * Pins the id of this stream, under which its state is stored, so that the pipeline can change around it.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when the name is taken or not a letter or digit and up to 63 letters, digits, `.`, `_`, `-`.
   * @example counts.updateStateByKey(add).named('totals')
   */
  named(id: string): this {
    this.#graph.rename(this.#node, id)
    return this
  }

  /**
   * One new element for each element. `f` must be deterministic and synchronous; a record on which it throws is put aside as a dead letter.
   *
   * @example lines.map((line) => line.length)
   */
  map<U>(f: (element: T) => U): DStream<U> {
    return this.#to(mapNode(this.#node, checkedFunction('map', f)))
  }

  /**
   * Any number of new elements for each element.
   *
   * @example lines.flatMap((line) => line.split(' '))
   */
  flatMap<U>(f: (element: T) => Iterable<U>): DStream<U> {
    return this.#to(flatMapNode(this.#node, checkedFunction('flatMap', f)))
  }

  /**
   * The elements for which `keep` is true.
   *
   * @example words.filter((word) => word !== '')
   */
  filter(keep: (element: T) => boolean): DStream<T> {
    return this.#to(filterNode(this.#node, checkedFunction('filter', keep)))
  }

  /**
   * A function over each partition, called for empty ones too. May be async. What it throws on fails the batch.
   *
   * @example lines.mapPartitions(function* (part) { for (const line of part) yield line.trim() })
   */
  mapPartitions<U>(f: PartitionFunction<T, U>): DStream<U> {
    return this.#to(mapPartitionsNode(this.#node, checkedFunction('mapPartitions', f)))
  }

  /**
   * `map` to pairs of a key and a value. Keys are equal by value: strings, numbers, bigints, booleans, null, dates, and arrays and plain
   * objects of them.
   *
   * @example words.mapToPair((word) => [word, 1])
   */
  mapToPair<K, V>(f: (element: T) => readonly [K, V]): DStream<[K, V]> {
    return this.#to(mapToPairNode(this.#node, checkedFunction('mapToPair', f)))
  }

  /**
   * New values under the same keys; on pairs only.
   *
   * @example counts.mapValues((count) => count / 60)
   */
  mapValues<K, V, W>(this: DStream<[K, V]>, f: (value: V) => W): DStream<[K, W]> {
    return this.#to(mapValuesNode(this.#node, checkedFunction('mapValues', f)))
  }

  /**
   * One pair for each key of the batch, its values reduced by an associative and commutative `f`; on pairs only. The result is in the order
   * of the keys.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when `partitions` is not a whole number from 1 to 1024.
   * @example pairs.reduceByKey((a, b) => a + b)
   */
  reduceByKey<K, V>(this: DStream<[K, V]>, f: (a: V, b: V) => V, options: ShuffleOptions = {}): DStream<[K, V]> {
    return this.#to(reduceByKeyNode(this.#node, checkedFunction('reduceByKey', f), checkedShuffle(options)))
  }

  /**
   * Keeps a state for each key and gives the states of all keys, every batch. `update` gets the batch's values of a key and its state, and
   * returns the new state, or undefined to forget the key; it runs also for keys without new values. States may be anything of strings,
   * numbers, bigints, booleans, null, dates, arrays, plain objects, `Map`, `Set` and `Uint8Array`, and may be changed in place.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when `partitions` is not a whole number from 1 to 1024.
   * @example pairs.updateStateByKey<number>((ones, total = 0) => total + ones.length)
   */
  updateStateByKey<S, K = PairKey<T>, V = PairValue<T>>(
    this: DStream<[K, V]>,
    update: UpdateFunction<V, S>,
    options: ShuffleOptions = {},
  ): DStream<[K, S]> {
    return this.#to(updateStateByKeyNode<K, V, S>(this.#node, checkedFunction('updateStateByKey', update), checkedShuffle(options)))
  }

  /**
   * Any function from a batch's dataset to another one, called once a batch; may be async. Say `pure: true` when equal datasets give equal
   * results: else the pipeline never rests.
   *
   * @example words.transform((rdd) => rdd.filter((word) => !stopWords.has(word)), { pure: true })
   */
  transform<U>(f: TransformFunction<T, U>, options: TransformOptions = {}): DStream<U> {
    return this.#to(transformNode(this.#node, checkedFunction('transform', f), options))
  }

  /**
   * The elements of this stream, then those of the other, which must be of the same pipeline.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when the other stream belongs to another pipeline.
   * @example clicks.union(taps)
   */
  union(other: DStream<T>): DStream<T> {
    if (other.#graph !== this.#graph)
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: 'union() needs two streams of one pipeline',
        fix: 'make both from the same StreamingContext',
      })
    return this.#to(unionNode(this.#node, other.#node))
  }

  /**
   * Prints the first `count` elements of every batch, under its time. At-least-once: a batch that is tried again prints again.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when `count` is not a whole number from 0.
   * @example counts.print()
   */
  print(count = 10): void {
    if (!Number.isInteger(count) || count < 0)
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: 'print() needs a number of elements',
        value: count,
        allowed: 'a whole number from 0',
      })
    this.#graph.add(printNode(this.#node, count))
  }

  /**
   * Writes every batch, empty ones too, into a directory `prefix-<ms>[.suffix]` of text files, one a partition, and `_SUCCESS` when it is
   * complete. Exactly-once in effect: a batch that is tried again replaces its own files, and an older attempt is refused.
   *
   * @param prefix The first name of the path, or the bucket of `s3://bucket/...`, can be bound (`--bind NAME=./directory`).
   * @example totals.saveAsTextFiles('s3://results/totals')
   */
  saveAsTextFiles(prefix: string, suffix = ''): void {
    this.#graph.add(
      saveAsTextFilesNode(
        this.#node,
        checkedText('saveAsTextFiles', prefix, 'a prefix'),
        checkedText('saveAsTextFiles', suffix, 'a suffix'),
      ),
    )
  }

  /**
   * Hands every batch to a function; may be async. At-least-once: the batch time and the attempt are there to make a sink idempotent. What
   * it throws fails the batch, which is tried again.
   *
   * @example counts.foreachRDD(async (rdd, time) => { await store.put(time.milliseconds, await rdd.collect()) })
   */
  foreachRDD(f: ForeachFunction<T>): void {
    this.#graph.add(foreachRddNode(this.#node, checkedFunction('foreachRDD', f)))
  }

  #to<U>(node: PlanNode): DStream<U> {
    return new DStream<U>(this.#graph, this.#graph.add(node))
  }
}

/** The key type of a stream of pairs. */
export type PairKey<T> = T extends readonly [infer K, unknown] ? K : never

/** The value type of a stream of pairs. */
export type PairValue<T> = T extends readonly [unknown, infer V] ? V : never
