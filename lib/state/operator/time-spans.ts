/**
 * The windows of one key by event time, as its state keeps them: spans of time in their order, each
 * with what its records come to.
 *
 * Windows on a grid share panes: a pane is as long as the greatest common divisor of the size and
 * the slide of the windows. A session is one span, which grows and joins others.
 *
 * A window is over when its end is at or before the watermark.
 */

/** The start, what the records come to, and for sessions the time of the last record. */
export type Span<A> = readonly [startMs: number, value: A, lastMs?: number]

/**
 * A window: from its start up to its end, which is no part of it.
 *
 * @example const minute: Window = { start: 0, end: 60_000 }
 */
export interface Window {
  /** Epoch milliseconds. */
  readonly start: number
  /** Epoch milliseconds. */
  readonly end: number
}

/** A window with the spans in it, in their order. */
export interface FilledWindow<A> {
  readonly window: Window
  readonly spans: readonly Span<A>[]
}

/** How records fall into windows. */
export interface Windowing {
  /** Names what must stay the same, so that stored spans can still be used. */
  readonly layout: string
  /** The span of a single record, without a value. */
  spanAt(timeMs: number): Span<undefined>
  /** Whether two spans are one. `a` begins first. */
  joins(a: Span<unknown>, b: Span<unknown>): boolean
  /** The end of the first window with the span that is after the watermark. Infinity: all over. */
  dueMs(span: Span<unknown>, watermarkMs: number): number
  /** The start of the window that has the span and this end. */
  startMs(span: Span<unknown>, endMs: number): number
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b))

/** Windows of one size at each multiple of the slide, counted from the epoch. */
export const gridWindowing = (sizeMs: number, slideMs: number): Windowing => {
  const paneMs = gcd(sizeMs, slideMs)
  return Object.freeze({
    layout: `windows of ${sizeMs} ms every ${slideMs} ms by event time`,
    spanAt: (timeMs: number): Span<undefined> => [Math.floor(timeMs / paneMs) * paneMs, undefined],
    joins: ([a]: Span<unknown>, [b]: Span<unknown>) => a === b,
    dueMs([paneStartMs]: Span<unknown>, watermarkMs: number) {
      const lastMs = Math.floor(paneStartMs / slideMs) * slideMs + sizeMs
      if (lastMs <= watermarkMs) return Infinity
      const firstMs = Math.ceil((paneStartMs + paneMs - sizeMs) / slideMs) * slideMs + sizeMs
      if (firstMs > watermarkMs) return firstMs
      return firstMs + (Math.floor((watermarkMs - firstMs) / slideMs) + 1) * slideMs
    },
    startMs: (_: Span<unknown>, endMs: number) => endMs - sizeMs,
  })
}

/** Sessions: records of a key that are no more than a gap apart. A session ends a gap after. */
export const sessionWindowing = (gapMs: number, by: 'event time' | 'batch time'): Windowing =>
  Object.freeze({
    layout: `sessions with a gap of ${gapMs} ms by ${by}`,
    spanAt: (timeMs: number): Span<undefined> => [timeMs, undefined, timeMs],
    joins: (a: Span<unknown>, [startMs]: Span<unknown>) => startMs <= lastOf(a) + gapMs,
    dueMs(span: Span<unknown>, watermarkMs: number) {
      const endMs = lastOf(span) + gapMs
      return endMs > watermarkMs ? endMs : Infinity
    },
    startMs: ([startMs]: Span<unknown>) => startMs,
  })

const lastOf = ([startMs, , lastMs]: Span<unknown>): number => lastMs ?? startMs

const joined = <A>(a: Span<unknown>, b: Span<unknown>, value: A): Span<A> =>
  a[2] === undefined && b[2] === undefined
    ? [a[0], value]
    : [Math.min(a[0], b[0]), value, Math.max(lastOf(a), lastOf(b))]

/** The number of spans that begin at or before a time. */
const countUpTo = (spans: readonly Span<unknown>[], timeMs: number): number => {
  let [low, high] = [0, spans.length]
  // Most records belong to the newest span.
  if (high > 0 && (spans[high - 1] as Span<unknown>)[0] <= timeMs) return high
  while (low < high) {
    const middle = (low + high) >> 1
    if ((spans[middle] as Span<unknown>)[0] <= timeMs) low = middle + 1
    else high = middle
  }
  return low
}

/** How values come together in a span: that of the earlier time first. */
export interface Joining<A> {
  readonly windowing: Windowing
  readonly merge: (a: A, b: A) => A
}

/** Puts a span among others. Those that it joins become one with it. Gives that one. */
export const putSpan = <A>(spans: Span<A>[], span: Span<A>, joining: Joining<A>): Span<A> => {
  const place = countUpTo(spans, span[0])
  const before = spans[place - 1]
  if (before === undefined || !joining.windowing.joins(before, span))
    return absorb(spans, { from: place, to: place, span }, joining)
  const grown = joined(before, span, joining.merge(before[1], span[1]))
  return absorb(spans, { from: place - 1, to: place, span: grown }, joining)
}

/** Adds a record to the spans. `add` is used where only its own span is concerned. */
export const addRecord = <V, A>(
  spans: Span<A>[],
  { timeMs, value }: { readonly timeMs: number; readonly value: V },
  how: Joining<A> & { readonly create: (value: V) => A; readonly add: (all: A, value: V) => A },
): Span<A> => {
  const bare = how.windowing.spanAt(timeMs)
  const place = countUpTo(spans, bare[0])
  const before = spans[place - 1]
  if (before === undefined || !how.windowing.joins(before, bare))
    return absorb(
      spans,
      { from: place, to: place, span: joined(bare, bare, how.create(value)) },
      how,
    )
  const grown = joined(before, bare, how.add(before[1], value))
  return absorb(spans, { from: place - 1, to: place, span: grown }, how)
}

/** Puts a span in the place of some, and of those after them that it joins. */
const absorb = <A>(
  spans: Span<A>[],
  { from, to, span }: { readonly from: number; readonly to: number; readonly span: Span<A> },
  { windowing, merge }: Joining<A>,
): Span<A> => {
  let one = span
  let end = to
  for (let next = spans[end]; next !== undefined && windowing.joins(one, next); next = spans[end]) {
    one = joined(one, next, merge(one[1], next[1]))
    end += 1
  }
  // Nothing has changed if a function has thrown.
  if (end === from + 1) spans[from] = one
  else spans.splice(from, end - from, one)
  return one
}

/** Whether a record is part of a span, or joins one. */
export const joinsAny = (
  spans: readonly Span<unknown>[],
  timeMs: number,
  windowing: Windowing,
): boolean => {
  const bare = windowing.spanAt(timeMs)
  const place = countUpTo(spans, bare[0])
  const [before, after] = [spans[place - 1], spans[place]]
  return (
    (before !== undefined && windowing.joins(before, bare)) ||
    (after !== undefined && windowing.joins(bare, after))
  )
}

/** The windows that are over by `nowMs`, and were not by `beforeMs`, in the order of their ends. */
export function* windowsOver<A>(
  spans: readonly Span<A>[],
  { beforeMs, nowMs }: { readonly beforeMs: number; readonly nowMs: number },
  windowing: Windowing,
): Generator<FilledWindow<A>> {
  let atMs = beforeMs
  for (let first = 0; first < spans.length;) {
    const span = spans[first] as Span<A>
    const endMs = windowing.dueMs(span, atMs)
    if (endMs === Infinity) first += 1
    else if (endMs > nowMs) return
    else {
      yield windowAt(spans, first, endMs, windowing)
      atMs = endMs
    }
  }
}

/** The window that ends at a time, of which a span is the first one. */
const windowAt = <A>(
  spans: readonly Span<A>[],
  first: number,
  endMs: number,
  windowing: Windowing,
): FilledWindow<A> => {
  const span = spans[first] as Span<A>
  const startMs = windowing.startMs(span, endMs)
  let end = first + 1
  while (end < spans.length && (spans[end] as Span<A>)[0] < endMs) end += 1
  return { window: { start: startMs, end: endMs }, spans: spans.slice(first, end) }
}

/** The windows with at least one of some spans that are still open, in the order of their ends. */
export const openWindows = <A>(
  spans: readonly Span<A>[],
  changed: ReadonlySet<number>,
  watermarkMs: number,
  windowing: Windowing,
): readonly FilledWindow<A>[] => {
  const ends = new Map<number, number>()
  for (const [index, span] of spans.entries())
    if (changed.has(span[0]))
      for (
        let endMs = windowing.dueMs(span, watermarkMs);
        endMs !== Infinity;
        endMs = windowing.dueMs(span, endMs)
      )
        ends.set(endMs, Math.min(index, ends.get(endMs) ?? index))
  return [...ends]
    .toSorted(([a], [b]) => a - b)
    .map(([endMs, index]) => {
      const startMs = windowing.startMs(spans[index] as Span<A>, endMs)
      let first = index
      while (first > 0 && (spans[first - 1] as Span<A>)[0] >= startMs) first -= 1
      return windowAt(spans, first, endMs, windowing)
    })
}
