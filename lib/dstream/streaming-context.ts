import { MillraceError } from '../base/errors.ts'
import type { Time } from '../base/time.ts'
import type { RDD } from '../rdd/rdd.ts'
import { checkFunction } from './checks.ts'
import { DStream } from './dstream.ts'
import type { GraphBuilder } from './graph-builder.ts'
import { transformNode, type TransformOptions } from './operators/transform.ts'
import type { SourceNode } from './plan-node.ts'

/**
 * The datasets of several streams, in their order.
 *
 * @example const both = ([a, b]: RDDsOf<[DStream<string>, DStream<string>]>) => a.union(b)
 */
export type RDDsOf<T extends readonly DStream<unknown>[]> = {
  readonly [I in keyof T]: T[I] extends DStream<infer E> ? RDD<E> : never
}

/**
 * Where a pipeline begins: its methods make streams from sources. Handed to the function given to
 * `stream()`.
 *
 * @example
 * ```ts
 * stream('shout', { batchInterval: seconds(1) }, (ssc) => {
 *   ssc.socketTextStream('localhost', 9999).map((line) => line.toUpperCase()).print()
 * })
 * ```
 */
export class StreamingContext {
  readonly #graph: GraphBuilder
  readonly #intervalMs: number

  /** @internal Made by `stream()`. */
  constructor(graph: GraphBuilder, intervalMs: number) {
    this.#graph = graph
    this.#intervalMs = intervalMs
  }

  /** @internal The batch interval. */
  get intervalMs(): number {
    return this.#intervalMs
  }

  /** @internal The stream of a source. Each kind of source adds its methods from `sources/`. */
  from<T>(node: SourceNode): DStream<T> {
    return new DStream<T>(this.#graph, this.#graph.add(node))
  }

  /**
   * One stream of all elements of several; see `DStream.union`.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when there is no stream, or one belongs to another
   * pipeline, or has its datasets at other times.
   * @example ssc.union(clicks, taps, swipes)
   */
  union<T>(first: DStream<T>, ...others: readonly DStream<T>[]): DStream<T> {
    return checkStream('union', first).union(...others)
  }

  /**
   * Any function from the datasets of several streams at one batch time, in the order of the
   * streams, to another one; see `DStream.transform`.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when there is no stream, or one belongs to another
   * pipeline, or has its datasets at other times.
   * @example ssc.transform([clicks, taps], ([a, b]) => a.union(b), { pure: true })
   */
  transform<const T extends readonly DStream<unknown>[], U>(
    streams: T,
    f: (rdds: RDDsOf<T>, time: Time) => RDD<U> | Promise<RDD<U>>,
    options: TransformOptions = {},
  ): DStream<U> {
    checkFunction('transform', f)
    const [head, ...others] = streams
    const first = checkStream('transform', head)
    const parents = [first.node, ...others.map((other) => first.nodeBeside('transform', other))]
    return first.to(
      transformNode('transform', parents, (rdds, time) => f(rdds as RDDsOf<T>, time), options),
    )
  }
}

const checkStream = <T>(operation: string, stream: DStream<T> | undefined): DStream<T> => {
  if (stream instanceof DStream) return stream
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${operation}() needs streams`,
    value: stream,
    allowed: 'one stream or more',
  })
}
