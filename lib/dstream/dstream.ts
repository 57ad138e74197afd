import { type Duration, milliseconds } from '../base/duration.ts'
import { MillraceError } from '../base/errors.ts'
import type { GraphBuilder } from './graph-builder.ts'
import type { NodeSettings } from './plan.ts'
import type { OutputNode, PlanNode } from './plan-node.ts'

/**
 * A stream in batches: one dataset (RDD) at every batch time. Methods describe a new stream and run
 * nothing; the output operations `print`, `saveAsTextFiles`, `saveAsObjectFiles` and `foreachRDD`
 * say what must happen. The words and the meaning are those of Spark's DStream.
 *
 * This file holds what all operations rest on. Each operation adds itself to the class, type and
 * body, from a file of its own in `operators/`: CONTRIBUTING shows how.
 *
 * @example
 * ```ts
 * const words = ssc.textFileStream('lines').flatMap((line) => line.split(' '))
 * words.mapToPair((word) => [word, 1]).reduceByKey((a, b) => a + b).print()
 * ```
 */
export class DStream<T> {
  /** Carries the element type; never there at run time. */
  declare protected readonly element?: T
  readonly #graph: GraphBuilder
  readonly #node: PlanNode

  /** @internal Streams are made by a StreamingContext and by each other. */
  constructor(graph: GraphBuilder, node: PlanNode) {
    this.#graph = graph
    this.#node = node
  }

  /**
   * Pins the id of this stream, under which its state is stored, so that the pipeline can change
   * around it.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when the name is taken or not a letter or digit and up
   * to 63 letters, digits, `.`, `_`, `-`.
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
   * How far apart the datasets of this stream are: the batch interval, or the slide of the last
   * window above it.
   *
   * @example lines.window(seconds(60), seconds(20)).slideDuration.milliseconds // 20000
   */
  get slideDuration(): Duration {
    return milliseconds(this.#graph.slideMsOf(this.#node))
  }

  /** @internal The operation that this stream stands for. */
  get node(): PlanNode {
    return this.#node
  }

  /** @internal The stream of a new operation. */
  to<U>(node: PlanNode): DStream<U> {
    return new DStream<U>(this.#graph, this.#graph.add(node))
  }

  /** @internal Adds an output operation. */
  emit(node: OutputNode): void {
    this.#graph.add(node)
  }

  /** @internal Says something about this stream that does not change what it holds. */
  describe(settings: NodeSettings): this {
    this.#graph.describe(this.#node, settings)
    return this
  }

  /**
   * @internal The node of another stream, to be combined with this one: of the same pipeline, and
   * with datasets at the same times.
   */
  nodeBeside(operation: string, other: DStream<unknown>): PlanNode {
    if (!(other instanceof DStream) || other.#graph !== this.#graph)
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: `${operation}() needs streams of one pipeline`,
        fix: 'make all of them from the same StreamingContext',
      })
    const [own, theirs] = [this.slideDuration.milliseconds, other.slideDuration.milliseconds]
    if (own === theirs) return other.#node
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: `${operation}() needs streams that have their datasets at the same times`,
      value: `one every ${own} ms, and one every ${theirs} ms`,
      allowed: 'streams with the same slide',
      fix: 'give both the same slide, for example with window(length, slide)',
    })
  }
}

/** The key type of a stream of pairs. */
export type PairKey<T> = T extends readonly [infer K, unknown] ? K : never

/** The value type of a stream of pairs. */
export type PairValue<T> = T extends readonly [unknown, infer V] ? V : never
