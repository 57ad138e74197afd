import { type Coded, plainKey } from '../../base/keys.ts'
import { pack, unpack } from '../../base/packed.ts'
import { visitAll } from '../../base/pauses.ts'
import { blamingLater } from '../../rdd/grouping.ts'
import { ASIDE } from '../../rdd/partition.ts'
import type { Combining } from '../../rdd/shuffle-types.ts'
import type { KeyedState } from '../../state/operator/keyed-state.ts'
import { KeysByTime } from '../../state/operator/keys-by-time.ts'
import {
  addRecord,
  type FilledWindow,
  joinsAny,
  openWindows,
  putSpan,
  type Span,
  type Window,
  type Windowing,
  windowsOver,
} from '../../state/operator/time-spans.ts'
import type { Moved, PartitionView } from '../plan-node.ts'
import { KeysAside } from './keys-aside.ts'

/** What a task has of one key. */
export interface TimedValues<V, A> {
  readonly spans: Span<A>[]
  /** Records whose own window was over before the batch: some may still join an open session. */
  readonly past: TimedValue<V>[]
  /** The latest event time of each lane. */
  readonly lanes: Map<string, number>
}

/** A value with its event time, epoch milliseconds, and its lane. */
export interface TimedValue<V> {
  readonly timeMs: number
  readonly value: V
  readonly lane: string
}

/**
 * What a window of a key comes to.
 *
 * @example
 * ```ts
 * const text = ({ key, window, value }: WindowResult<string, number>): string =>
 *   `${key} ${new Date(window.start).toISOString()} ${value}`
 * ```
 */
export interface WindowResult<K, R> {
  readonly key: K
  readonly window: Window
  readonly value: R
  /** `final`: the window is over, and this is its only final result. `early`: it is still open. */
  readonly kind: 'final' | 'early'
}

/**
 * A record that came when all of its windows were over.
 *
 * @example const isOld = ({ time }: LateRecord<string, number>): boolean => time < 0
 */
export interface LateRecord<K, V> {
  readonly key: K
  readonly value: V
  /** Its event time, epoch milliseconds. */
  readonly time: number
  readonly kind: 'late'
}

/** How windows by time are computed. A window of values V comes to an A. */
export interface TimedWindows<V, A> extends Pick<Combining<V, A>, 'create' | 'add' | 'merge'> {
  readonly kind: string
  readonly windowing: Windowing
  /** Whether windows that are still open give a result in each batch that changes them. */
  readonly early: boolean
}

/** How the values of a key in a batch come together in a task. `watermarkMs`: before the batch. */
export const timedCombining = <V, A>(
  windows: TimedWindows<V, A>,
  watermarkMs: number,
): Combining<TimedValue<V>, TimedValues<V, A>> => {
  const add = (all: TimedValues<V, A>, timed: TimedValue<V>): TimedValues<V, A> => {
    const { timeMs, lane } = timed
    if (windows.windowing.dueMs(windows.windowing.spanAt(timeMs), watermarkMs) === Infinity)
      all.past.push(timed)
    else addRecord(all.spans, timed, windows)
    // What comes again is in no order.
    if (lane !== ASIDE) noteLane(all.lanes, lane, timeMs)
    return all
  }
  return {
    create: (timed) => add({ spans: [], past: [], lanes: new Map() }, timed),
    add,
    merge(a, b) {
      for (const span of b.spans) putSpan(a.spans, span, windows)
      for (const one of b.past) a.past.push(one)
      noteLanes(a.lanes, b.lanes)
      return a
    },
  }
}

const valueOf = ({ value }: TimedValue<unknown>): unknown => value

/** A value that the caller may change. */
const copyOf = <A>(value: A): A => unpack(pack(value)) as A

/** One partition of windows by time in one batch. The state of a key is its open spans. */
export class WindowedPartition<V, A> {
  readonly #windows: TimedWindows<V, A>
  readonly #view: PartitionView
  readonly #states: KeyedState<unknown, readonly Span<A>[]>
  /** Keys by the end of their first window that is open. */
  readonly #due: KeysByTime<unknown>
  readonly #beforeMs: number
  readonly #nowMs: number
  readonly #aside: KeysAside | undefined
  readonly #elements: (WindowResult<unknown, A> | LateRecord<unknown, V>)[] = []

  constructor(windows: TimedWindows<V, A>, view: PartitionView) {
    this.#windows = windows
    this.#view = view
    this.#states = view.state as KeyedState<unknown, readonly Span<A>[]>
    const { before: beforeMs = -Infinity, now: nowMs = -Infinity } = view.watermark
    this.#beforeMs = beforeMs
    this.#nowMs = nowMs
    this.#aside = view.keys && new KeysAside(view, view.keys)
    this.#due = this.#states.memo(() => {
      const due = new KeysByTime<unknown>()
      for (const [key, spans] of this.#states.unsorted()) due.set(key, this.#dueMs(spans, beforeMs))
      return due
    })
  }

  #dueMs(spans: readonly Span<A>[], watermarkMs: number): number {
    const [first] = spans
    return first === undefined ? Infinity : this.#windows.windowing.dueMs(first, watermarkMs)
  }

  /** Takes what the batch has of the keys, and closes the windows that are over now. */
  async move(batch: readonly (readonly [Coded<unknown>, TimedValues<V, A>])[]): Promise<Moved> {
    const { kind } = this.#windows
    const { timeMs, pause } = this.#view
    await blamingLater(kind, `the batch at ${timeMs} ms`, async () => {
      await visitAll(batch, pause, ([key, values]) => this.#takeOrPutAside(key, values))
      this.#aside?.finish(batch.length)
      await visitAll(this.#due.takeBefore(this.#nowMs + 1), pause, ([key]) => this.#close(key))
    })
    const { firstMs, size } = this.#due
    return { elements: this.#elements, dueMs: firstMs, waiting: size }
  }

  #takeOrPutAside(key: Coded<unknown>, values: TimedValues<V, A>): void {
    if (this.#aside === undefined) return this.#take(key, values)
    try {
      this.#take(key, values)
    } catch (error) {
      const all = [...values.spans.map(([, value]) => value), ...values.past.map(valueOf)]
      this.#aside.add({ key: plainKey(key), values: all, error })
    }
  }

  #take(key: Coded<unknown>, { spans: added, past }: TimedValues<V, A>): void {
    const { windowing, early } = this.#windows
    const spans = [...(this.#states.get(key) ?? [])]
    const changed = new Set<number>()
    for (const span of added) changed.add(putSpan(spans, span, this.#windows)[0])
    const late = new Set<TimedValue<V>>()
    // The newest first: each may bring the session near to the next one.
    for (const one of past.toSorted((a, b) => b.timeMs - a.timeMs))
      if (joinsAny(spans, one.timeMs, windowing))
        changed.add(addRecord(spans, one, this.#windows)[0])
      else late.add(one)
    const open = early ? openWindows(spans, changed, this.#nowMs, windowing) : []
    const results = open.map((one) => this.#result(key, one, 'early'))
    // The put may refuse the values.
    if (changed.size > 0) this.#keep(key, spans, this.#beforeMs)
    for (const { value, timeMs } of past.filter((one) => late.has(one)))
      this.#elements.push({ key: plainKey(key), value, time: timeMs, kind: 'late' })
    for (const one of results) this.#elements.push(one)
  }

  #close(key: Coded<unknown>): void {
    const { windowing } = this.#windows
    const spans = this.#states.get(key) ?? []
    const over = windowsOver(spans, { beforeMs: this.#beforeMs, nowMs: this.#nowMs }, windowing)
    for (const one of over) this.#elements.push(this.#result(key, one, 'final'))
    this.#keep(
      key,
      spans.filter((span) => windowing.dueMs(span, this.#nowMs) !== Infinity),
      this.#nowMs,
    )
  }

  #keep(key: Coded<unknown>, spans: readonly Span<A>[], watermarkMs: number): void {
    if (spans.length === 0) {
      this.#states.remove(key)
      this.#due.delete(key)
      return
    }
    this.#states.put(key, spans)
    this.#due.set(key, this.#dueMs(spans, watermarkMs))
  }

  #result(
    key: Coded<unknown>,
    { window, spans }: FilledWindow<A>,
    kind: WindowResult<unknown, A>['kind'],
  ): WindowResult<unknown, A> {
    const [first, ...others] = spans.map(([, value]) => copyOf(value))
    const value = others.reduce((all, one) => this.#windows.merge(all, one), first as A)
    return { key: plainKey(key), window, value, kind }
  }
}

/** Adds to the latest event time of each lane what tasks have. */
export const noteLanes = (
  latest: Map<string, number>,
  lanes: Iterable<readonly [lane: string, timeMs: number]>,
): void => {
  for (const [lane, timeMs] of lanes) noteLane(latest, lane, timeMs)
}

const noteLane = (latest: Map<string, number>, lane: string, timeMs: number): void => {
  const known = latest.get(lane)
  if (known === undefined || timeMs > known) latest.set(lane, timeMs)
}
