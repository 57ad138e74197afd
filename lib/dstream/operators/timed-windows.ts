import type { AnyValue, Combination, MergeCombinations, MergeValue } from '../../rdd/pair-types.ts'
import { grouping } from '../../rdd/grouping.ts'
import type { ShuffleOptions } from '../../rdd/rdd.ts'
import type { Windowing } from '../../state/operator/time-spans.ts'
import { checkFlag, checkFunction, checkShuffle } from '../checks.ts'
import type { DStream } from '../dstream.ts'
import {
  lateRecordsNode,
  timedWindowNode,
  type TimeOfWindows,
  windowResultsNode,
} from './timed-window-node.ts'
import type { LateRecord, TimedWindows, WindowResult } from './windowed-partition.ts'

/**
 * Settings of the results of windows by time.
 *
 * @example const options: WindowResultOptions = { early: true, partitions: 4 }
 */
export interface WindowResultOptions extends ShuffleOptions {
  /**
   * Whether a window that is still open gives a result in each batch that changes it, marked as
   * `early`. Default: false, so a window gives its final result only.
   */
  readonly early?: boolean
}

/**
 * The results of windows by event time.
 *
 * @example const results: EventResults<string, number, number> = windows.countByKey()
 */
export type EventResults<K, V, R> = DStream<WindowResult<K, R>> & {
  /**
   * The records that came when all of their windows were over. They are in no result.
   *
   * @example results.late().saveAsTextFiles('late')
   */
  late(): DStream<LateRecord<K, V>>
}

/** The results of windows: with late records by event time, and without by batch time. */
type Results<K, V, R, By> = By extends 'event time'
  ? EventResults<K, V, R>
  : DStream<WindowResult<K, R>>

/** Where windows come from. */
interface WindowsParts {
  readonly stream: DStream<unknown>
  readonly windowing: Windowing
  readonly time: TimeOfWindows
  readonly by: 'event time' | 'batch time'
}

/**
 * Windows of the pairs of a stream by key. Its methods say what the values of a window come to, and
 * give a stream of results: `{ key, window: { start, end }, value, kind }`. Start and end are epoch
 * milliseconds; the end is no part of the window.
 *
 * Only open windows are kept. A batch touches the keys that have records in it and those of which a
 * window ends.
 *
 * @example
 * ```ts
 * const windows: KeyedWindows<string, number, 'batch time'> = pairs.sessionWindow(minutes(10))
 * windows.reduceByKey((a, b) => a + b).print()
 * ```
 */
export class KeyedWindows<K, V, By extends 'event time' | 'batch time'> {
  readonly #parts: WindowsParts

  /** @internal Made by `window` and `sessionWindow`. */
  constructor(parts: WindowsParts) {
    this.#parts = parts
  }

  /**
   * Reduces the values of each key in a window. `f` must be associative: each batch is reduced by
   * itself, and so is each pane of a sliding window.
   *
   * @param options `early`, default false; `partitions` of the state, 1 to 1024, default 1.
   * @throws MillraceError `ARGUMENT_INVALID` when an option is not allowed.
   * @example windows.reduceByKey((a, b) => Math.max(a, b), { early: true }).print()
   */
  reduceByKey(f: (a: V, b: V) => V, options: WindowResultOptions = {}): Results<K, V, V, By> {
    checkFunction('reduceByKey', f)
    return this.#make('reduceByKey', { create: (value: V) => value, add: f, merge: f }, options)
  }

  /**
   * Groups the values of each key in a window. All values are kept until the window is over.
   *
   * @param options `early`, default false; `partitions` of the state, 1 to 1024, default 1.
   * @throws MillraceError `ARGUMENT_INVALID` when an option is not allowed.
   * @example windows.groupByKey().map(({ key, value }) => `${key}: ${value.length}`).print()
   */
  groupByKey(options: WindowResultOptions = {}): Results<K, V, V[], By> {
    return this.#make('groupByKey', grouping<V>(), options)
  }

  /**
   * Counts the values of each key in a window.
   *
   * @param options `early`, default false; `partitions` of the state, 1 to 1024, default 1.
   * @throws MillraceError `ARGUMENT_INVALID` when an option is not allowed.
   * @example windows.countByKey().map(({ key, value }) => `${key}: ${value}`).print()
   */
  countByKey(options: WindowResultOptions = {}): Results<K, V, number, By> {
    const add = (count: number): number => count + 1
    return this.#make('countByKey', { create: () => 1, add, merge: (a, b) => a + b }, options)
  }

  /**
   * The general form. `create` makes a combination from the first value of a key, `mergeValue` adds
   * a value, and `mergeCombinations` merges two combinations, the one of earlier times first.
   *
   * @param options `early`, default false; `partitions` of the state, 1 to 1024, default 1.
   * @throws MillraceError `ARGUMENT_INVALID` when an option is not allowed.
   * @example
   * ```ts
   * windows.combineByKey(
   *   (n) => ({ sum: n, count: 1 }),
   *   (all, n) => ({ sum: all.sum + n, count: all.count + 1 }),
   *   (a, b) => ({ sum: a.sum + b.sum, count: a.count + b.count }),
   * )
   * ```
   */
  combineByKey<C extends AnyValue>(
    create: (value: V) => C,
    mergeValue: MergeValue<Combination<C>, V>,
    mergeCombinations: MergeCombinations<Combination<C>>,
    options: WindowResultOptions = {},
  ): Results<K, V, Combination<C>, By> {
    for (const f of [create, mergeValue, mergeCombinations]) checkFunction('combineByKey', f)
    return this.#make(
      'combineByKey',
      {
        create: create as (value: V) => Combination<C>,
        add: mergeValue as (all: Combination<C>, value: V) => Combination<C>,
        merge: mergeCombinations as (a: Combination<C>, b: Combination<C>) => Combination<C>,
      },
      options,
    )
  }

  #make<A>(
    operation: string,
    combining: Pick<TimedWindows<V, A>, 'create' | 'add' | 'merge'>,
    options: WindowResultOptions,
  ): Results<K, V, A, By> {
    const { stream, windowing, time, by } = this.#parts
    const { partitions = 1 } = checkShuffle(options)
    const early = checkFlag(`${operation}() early`, options.early ?? false)
    const kind = `${operation}InWindows`
    const windows = { kind, windowing, early, ...combining }
    const node = timedWindowNode(stream.node, {
      windows: windows as TimedWindows<unknown, unknown>,
      time,
      partitions,
    })
    const all = stream.to(node)
    const results = all.to<WindowResult<K, A>>(windowResultsNode(node))
    if (by === 'batch time') return results as Results<K, V, A, By>
    const late = (): DStream<LateRecord<K, V>> => all.to(lateRecordsNode(node))
    return Object.assign(results, { late }) as Results<K, V, A, By>
  }
}
