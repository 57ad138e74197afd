import { type Duration, milliseconds } from '../base/duration.ts'
import { MillraceError } from '../base/errors.ts'
import type { NeedsPairs, NeedsPairsOfOneKey } from '../rdd/pair-types.ts'
import type { GraphBuilder } from './graph-builder.ts'
import type { NodeSettings } from './plan.ts'
import type { OutputNode, PlanNode } from './plan-node.ts'

/**
 * A stream in batches: one RDD for each batch time. Methods describe a new stream and run nothing.
 * The output operations (`print`, `saveAsTextFiles`, `saveAsObjectFiles`, `saveToTable`,
 * `foreachRDD`) say what must happen with each batch. Names and meanings are those of Spark's
 * DStream; docs/differences.md lists the differences.
 *
 * Every method throws a MillraceError: `ARGUMENT_INVALID` when an argument is not of the allowed
 * form, and `PLAN_FROZEN` when the pipeline is already built.
 *
 * This file holds the base of all operations. Each operation adds its type and its body to the
 * class from its own file in `operators/`: CONTRIBUTING shows how.
 *
 * @example
 * ```ts
 * const words = ssc.textFileStream('lines').flatMap((line) => line.split(' '))
 * words.mapToPair((word) => [word, 1]).reduceByKey((a, b) => a + b).print()
 * ```
 */
export class DStream<out T> {
  /** Only for the type checker: the type of the elements. Never set at run time. */
  declare protected readonly element?: T
  readonly #graph: GraphBuilder
  readonly #node: PlanNode

  /** @internal Streams are made by a StreamingContext and by other streams. */
  constructor(graph: GraphBuilder, node: PlanNode) {
    this.#graph = graph
    this.#node = node
  }

  /**
   * Gives this stream a fixed id. Its state is stored under the id, so the pipeline around it can
   * change and the state stays. Without a fixed id, a stream is numbered among the streams of the
   * same operator. Returns this stream.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when another stream has the id, or when it is not a
   * letter or digit followed by up to 63 letters, digits, `.`, `_` or `-`; `PLAN_FROZEN`.
   * @example
   * ```ts
   * pairs.updateStateByKey<number>((ones, total = 0) => total + ones.length).named('totals')
   * ```
   */
  named(id: string): this {
    this.#graph.rename(this.#node, id)
    return this
  }

  /**
   * The time between two RDDs of this stream: the batch interval, or the slide of the last window
   * operator before it.
   *
   * @example lines.window(seconds(60), seconds(20)).slideDuration.milliseconds // 20000
   */
  get slideDuration(): Duration {
    return milliseconds(this.#graph.slideMsOf(this.#node))
  }

  /** @internal The node of this stream in the graph. */
  get node(): PlanNode {
    return this.#node
  }

  /** @internal The graph of its pipeline: another one each time the pipeline is described. */
  get graph(): GraphBuilder {
    return this.#graph
  }

  /** @internal Adds an operator to the graph, and returns its stream. */
  to<U>(node: PlanNode): DStream<U> {
    return new DStream<U>(this.#graph, this.#graph.add(node))
  }

  /** @internal Adds an output operation to the graph. */
  emit(node: OutputNode): void {
    this.#graph.add(node)
  }

  /** @internal Adds settings that do not change the elements of this stream. */
  describe(settings: NodeSettings): this {
    this.#graph.describe(this.#node, settings)
    return this
  }

  /**
   * @internal The node of another stream that is combined with this one. The other stream must
   * belong to the same pipeline and have its RDDs at the same times.
   */
  nodeBeside(operation: string, other: DStream<unknown>): PlanNode {
    if (!(other instanceof DStream) || other.#graph !== this.#graph)
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: `${operation}() needs streams of one pipeline`,
        fix: 'make all of them from the same StreamingContext',
      })
    const [ownMs, otherMs] = [this.slideDuration.milliseconds, other.slideDuration.milliseconds]
    if (ownMs === otherMs) return other.#node
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: `${operation}() needs streams that have their RDDs at the same times`,
      value: `one RDD every ${ownMs} ms, and one every ${otherMs} ms`,
      allowed: 'streams with the same slide',
      fix: 'give both the same slide, for example with window(length, slide)',
    })
  }
}

/** The type of the elements of a stream or of several streams. */
export type ElementOf<S> = S extends DStream<infer T> ? T : never

/** The stream itself if its elements are pairs; otherwise a text that says how to make pairs. */
export type PairStream<T> = [T] extends [readonly [unknown, unknown]] ? DStream<T> : NeedsPairs<T>

/** A stream of U that can be matched by keys of type K; otherwise a text that says what to do. */
export type StreamOfKey<K, U> = [U] extends [readonly [K, unknown]]
  ? DStream<U>
  : NeedsPairsOfOneKey
