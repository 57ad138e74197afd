/**
 * Reductions over sliding windows of panes, for associative functions without an inverse. A slide
 * makes at most four reductions for each key and new pane, however long the window is.
 *
 * Time is divided into blocks of half a window, on the fixed grid of batch times. A window is the
 * end of one block, and all panes after that block:
 *
 *     | p1 p2 | p3 p4 | p5 p6 |              length: 4 panes, blocks of 2
 *          [s][     prefix    ]              the window that ends at p5 begins at p2
 *
 * - A prefix begins at each block, and grows by one pane at a time until windows have left the
 *   block before it. So a pane is added to two prefixes.
 * - The suffixes of a block are reduced from its last pane back, while the panes after it come: one
 *   or two for each. They are ready when the first window begins in the block. Each key has one
 *   suffix for each pane that contains the key.
 * - A window is one more reduction, of a suffix with the prefix after it.
 *
 * With blocks of a whole window there would be three reductions in the mean, but the suffixes of a
 * block would all be due at the same slide.
 *
 * B3: the order of reductions depends on the grid alone, never on when this process started. So
 * floats are equal to the last bit, warm and cold.
 */
import { KeyedMap } from '../../base/keys.ts'
import { pack, type Stored, unpack } from '../../base/packed.ts'
import { type Pause, visitAll } from '../../base/pauses.ts'
import { forEachPair, type KeyedPane } from './keyed-pane.ts'
import type { Panes } from './panes.ts'

/** The values of one key, from a pane to the end of its block. */
interface Suffix {
  readonly fromMs: number
  readonly value: Stored
}

/** The grid of the windows. */
export interface WindowGrid {
  readonly zeroMs: number
  readonly paneMs: number
  readonly lengthMs: number
}

/** The window that a caller asks for. */
export interface WindowTimes {
  /** The batch time of the first pane, epoch milliseconds. */
  readonly fromMs: number
  /** The batch time of the last pane, epoch milliseconds. */
  readonly toMs: number
  /** Lets the event loop turn between keys. Default: no pauses. */
  readonly pause?: Pause | undefined
}

/** A block whose suffixes are being made. */
interface Block<K> {
  /** The batch times of its panes, oldest first. */
  readonly timesMs: number[]
  /** How many of its panes, from the last one back, have their suffixes. */
  done: number
  /** The suffixes of each key, the longest last. */
  readonly suffixes: KeyedMap<K, Suffix[]>
}

/** The window that is made. Panes are numbered from the start of the grid. */
interface Span {
  /** Its last pane. */
  readonly last: number
  /** The block in which the window begins. */
  readonly block: number
}

/** What has been reduced so far. If it is lost, it is made again from the panes. */
export class SlidingReduction<K, V> {
  readonly #grid: WindowGrid
  readonly #f: (a: V, b: V) => V
  /** Panes in a block, and panes after it until a window begins in it. */
  readonly #blockPanes: number
  readonly #panesBetween: number
  /** Batch time of the last pane that was added. */
  #toMs = -Infinity
  /** By the number of their first block. */
  readonly #prefixes = new Map<number, KeyedMap<K, Stored>>()
  /** By their numbers. */
  readonly #blocks = new Map<number, Block<K>>()

  constructor(grid: WindowGrid, f: (a: V, b: V) => V) {
    this.#grid = grid
    this.#f = f
    const panes = grid.lengthMs / grid.paneMs
    this.#blockPanes = Math.ceil(panes / 2)
    this.#panesBetween = panes - this.#blockPanes
  }

  /**
   * The reduced pairs of a window, in the order of keys. Callers must ask for windows in the order
   * of time.
   */
  async window(
    panes: Panes<KeyedPane<K, V>>,
    { fromMs, toMs, pause }: WindowTimes,
  ): Promise<[K, V][]> {
    const span = { last: this.#numberOf(toMs), block: this.#blockOf(this.#numberOf(fromMs)) }
    this.#forget(span)
    const newer = panes.times.filter((timeMs) => timeMs >= fromMs && timeMs > this.#toMs)
    await panes.fetch(newer)
    for (const timeMs of newer) await this.#add(timeMs, await panes.read(timeMs), pause)
    this.#toMs = toMs
    await this.#makeSuffixes(panes, span, { fromMs, pause })
    return this.#join(fromMs, span.block, pause)
  }

  #numberOf(timeMs: number): number {
    const { zeroMs, paneMs } = this.#grid
    return Math.round((timeMs - zeroMs) / paneMs) - 1
  }

  #blockOf(pane: number): number {
    return Math.floor(pane / this.#blockPanes)
  }

  /** Forgets what is before the window, and begins the prefixes that it and later ones need. */
  #forget({ block, last }: Span): void {
    for (const past of this.#blocks.keys()) if (past < block) this.#blocks.delete(past)
    for (const past of this.#prefixes.keys()) if (past <= block) this.#prefixes.delete(past)
    for (let next = block + 1; next <= this.#blockOf(last); next++)
      if (!this.#prefixes.has(next)) this.#prefixes.set(next, new KeyedMap())
  }

  async #add(timeMs: number, pane: KeyedPane<K, V>, pause?: Pause): Promise<void> {
    const number = this.#blockOf(this.#numberOf(timeMs))
    const block = this.#blocks.get(number) ?? { timesMs: [], done: 0, suffixes: new KeyedMap() }
    block.timesMs.push(timeMs)
    this.#blocks.set(number, block)
    for (const [first, prefix] of this.#prefixes)
      if (first <= number)
        await forEachPair(pane, pause, (key, value) =>
          prefix.combine(key, pack(value), this.#reduce),
        )
  }

  /** Makes as many suffixes of each block as its age asks for: all, once a window begins in it. */
  async #makeSuffixes(
    panes: Panes<KeyedPane<K, V>>,
    { last, block: begin }: Span,
    { fromMs, pause }: Omit<WindowTimes, 'toMs'>,
  ): Promise<void> {
    for (const [number, block] of this.#blocks) {
      const { length } = block.timesMs
      const after = last + 1 - (number + 1) * this.#blockPanes
      const due = number <= begin ? length : Math.ceil((length * after) / this.#panesBetween)
      for (; block.done < Math.min(due, length); block.done++) {
        const timeMs = block.timesMs[length - 1 - block.done] ?? -Infinity
        // Windows that nobody asked for have left it already.
        if (timeMs >= fromMs) await this.#makeSuffix(panes, block, timeMs, pause)
      }
    }
  }

  async #makeSuffix(
    panes: Panes<KeyedPane<K, V>>,
    { suffixes }: Block<K>,
    timeMs: number,
    pause?: Pause,
  ): Promise<void> {
    await forEachPair(await panes.read(timeMs), pause, (key, value) => {
      const shorter = suffixes.get(key)
      const newer = shorter?.at(-1)
      if (shorter === undefined || newer === undefined)
        suffixes.set(key, [{ fromMs: timeMs, value: pack(value) }])
      else shorter.push({ fromMs: timeMs, value: this.#reduce(pack(value), newer.value) })
    })
  }

  async #join(fromMs: number, begin: number, pause?: Pause): Promise<[K, V][]> {
    const joined = new KeyedMap<K, Stored>()
    const suffixesByKey = this.#blocks.get(begin)?.suffixes ?? new KeyedMap<K, Suffix[]>()
    for (const [key, suffixes] of suffixesByKey.entries()) {
      while (suffixes.length > 0 && (suffixes.at(-1) as Suffix).fromMs < fromMs) suffixes.pop()
      const longest = suffixes.at(-1)
      if (longest === undefined) suffixesByKey.delete(key)
      else joined.set(key, longest.value)
    }
    const prefix = this.#prefixes.get(begin + 1) ?? new KeyedMap<K, Stored>()
    await visitAll(prefix.entries(), pause, ([key, value]) =>
      joined.combine(key, value, this.#reduce),
    )
    return joined.sortedEntries().map(([key, value]) => [key, unpack(value) as V])
  }

  /** Kept values stay packed, because a function may change its arguments. */
  readonly #reduce = (a: Stored, b: Stored): Stored => pack(this.#f(unpack(a) as V, unpack(b) as V))
}
