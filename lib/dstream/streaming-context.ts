import { MillraceError } from '../base/errors.ts'
import type { Time } from '../base/time.ts'
import type { AccumulatorSet } from '../rdd/adds/accumulator-set.ts'
import type { RDD } from '../rdd/rdd.ts'
import { checkAnyFunction } from './checks.ts'
import { DStream, type ElementOf } from './dstream.ts'
import type { GraphBuilder } from './graph-builder.ts'
import type { StreamingListener } from './listening/streaming-listener.ts'
import type { BroadcastSet } from './shared/broadcast-set.ts'
import { transformNode, type TransformOptions } from './operators/transform.ts'
import type { SourceNode } from './plan-node.ts'

/**
 * The RDDs of several streams, in the order of the streams.
 *
 * @example const both = ([a, b]: RDDsOf<[DStream<string>, DStream<string>]>) => a.union(b)
 */
export type RDDsOf<T extends readonly DStream<unknown>[]> = {
  readonly [I in keyof T]: T[I] extends DStream<infer E> ? RDD<E> : never
}

/**
 * The start of a pipeline: its methods make streams from sources. `stream()` passes it to your
 * function.
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

  /** @internal The listeners of this process. */
  get listeners(): Set<StreamingListener> {
    return this.#graph.listeners
  }

  /**
   * @internal The accumulators of this pipeline, for one that is declared under a name.
   *
   * @throws MillraceError `ARGUMENT_INVALID`, `PLAN_FROZEN`.
   */
  accumulators(name: string): AccumulatorSet {
    return this.#graph.accumulatorsFor(name)
  }

  /**
   * @internal The broadcast values of this pipeline that are loaded, for one under a name.
   *
   * @throws MillraceError `ARGUMENT_INVALID`, `PLAN_FROZEN`.
   */
  broadcasts(name: string): BroadcastSet {
    return this.#graph.broadcastsFor(name)
  }

  /** @internal The batch interval. */
  get intervalMs(): number {
    return this.#intervalMs
  }

  /**
   * @internal The stream of a source. Each kind of source adds its methods from its file in
   * `sources/`.
   */
  from<T>(node: SourceNode): DStream<T> {
    return new DStream<T>(this.#graph, this.#graph.add(node))
  }

  /**
   * One stream with all elements of several streams: see `DStream.union`.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when there is no stream, or when one of them belongs
   * to another pipeline or has its RDDs at other times; `PLAN_FROZEN`.
   * @example ssc.union(clicks, taps, swipes)
   */
  union<S extends readonly [DStream<unknown>, ...DStream<unknown>[]]>(
    ...streams: S
  ): DStream<ElementOf<S[number]>> {
    const [first, ...others] = streams
    return checkStream('union', first).union(...others) as DStream<ElementOf<S[number]>>
  }

  /**
   * Computes an RDD from the RDDs that several streams have at the same batch time. The function
   * gets them in the order of the streams, and may be async: see `DStream.transform`.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when there is no stream, or when one of them belongs
   * to another pipeline or has its RDDs at other times; `PLAN_FROZEN`.
   * @example ssc.transform([clicks, taps], ([a, b]) => a.union(b), { pure: true })
   */
  transform<const T extends readonly DStream<unknown>[], U>(
    streams: T,
    f: (rdds: RDDsOf<T>, time: Time) => RDD<U> | Promise<RDD<U>>,
    options: TransformOptions = {},
  ): DStream<U> {
    checkAnyFunction('transform', f)
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
