/**
 * Reductions over sliding windows of panes, for associative functions without an inverse. The work
 * is amortised constant per key and pane.
 *
 * Time is divided into blocks as long as a window, on the fixed grid of batch times. A window is
 * the end of one block and the beginning of the next:
 *
 *     | p1 p2 p3 p4 | p5 p6 p7 p8 |          length: 4 panes
 *          [ suffix ][ prefix ]              the window that ends at p6
 *
 * The suffixes of a block are reduced once, when the block is over, from its last pane back. Each
 * key has one suffix for each pane that contains the key. The prefix grows by one pane at a time. A
 * window is one more reduction, of a suffix with the prefix.
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

/** What has been reduced so far. If it is lost, it is made again from the panes. */
export class SlidingReduction<K, V> {
  readonly #grid: WindowGrid
  readonly #f: (a: V, b: V) => V
  #block: number | undefined
  /** Batch time of the last pane in the prefix. */
  #toMs = -Infinity
  #prefix = new KeyedMap<K, Stored>()
  /** The suffixes of each key in the previous block, the longest last. */
  #suffixes = new KeyedMap<K, Suffix[]>()

  constructor(grid: WindowGrid, f: (a: V, b: V) => V) {
    this.#grid = grid
    this.#f = f
  }

  /**
   * The reduced pairs of a window, in the order of keys. Callers must ask for windows in the order
   * of time.
   */
  async window(
    panes: Panes<KeyedPane<K, V>>,
    { fromMs, toMs, pause }: WindowTimes,
  ): Promise<[K, V][]> {
    const block = this.#blockOf(toMs)
    if (block !== this.#block) {
      this.#suffixes = await this.#suffixesOf(panes, block - 1, { fromMs, pause })
      this.#prefix = new KeyedMap()
      this.#toMs = -Infinity
      this.#block = block
    }
    const newer = panes.times.filter(
      (timeMs) => timeMs > this.#toMs && this.#blockOf(timeMs) === block,
    )
    await panes.fetch(newer)
    for (const timeMs of newer) await this.#extend(await panes.read(timeMs), pause)
    this.#toMs = toMs
    return this.#joinPanes(fromMs, pause)
  }

  #blockOf(timeMs: number): number {
    const { zeroMs, paneMs, lengthMs } = this.#grid
    return Math.floor((timeMs - zeroMs - paneMs) / lengthMs)
  }

  async #extend(pane: KeyedPane<K, V>, pause?: Pause): Promise<void> {
    await forEachPair(pane, pause, (key, value) =>
      this.#prefix.combine(key, pack(value), this.#reduce),
    )
  }

  async #suffixesOf(
    panes: Panes<KeyedPane<K, V>>,
    block: number,
    { fromMs, pause }: Omit<WindowTimes, 'toMs'>,
  ): Promise<KeyedMap<K, Suffix[]>> {
    const suffixes = new KeyedMap<K, Suffix[]>()
    const times = panes.times.filter(
      (timeMs) => timeMs >= fromMs && this.#blockOf(timeMs) === block,
    )
    await panes.fetch(times)
    for (const timeMs of times.toReversed()) {
      await forEachPair(await panes.read(timeMs), pause, (key, value) => {
        const shorter = suffixes.get(key)
        const newer = shorter?.at(-1)
        if (shorter === undefined || newer === undefined)
          suffixes.set(key, [{ fromMs: timeMs, value: pack(value) }])
        else shorter.push({ fromMs: timeMs, value: this.#reduce(pack(value), newer.value) })
      })
    }
    return suffixes
  }

  async #joinPanes(fromMs: number, pause?: Pause): Promise<[K, V][]> {
    const joined = new KeyedMap<K, Stored>()
    for (const [key, suffixes] of this.#suffixes.entries()) {
      while (suffixes.length > 0 && (suffixes.at(-1) as Suffix).fromMs < fromMs) suffixes.pop()
      const longest = suffixes.at(-1)
      if (longest === undefined) this.#suffixes.delete(key)
      else joined.set(key, longest.value)
    }
    await visitAll(this.#prefix.entries(), pause, ([key, value]) =>
      joined.combine(key, value, this.#reduce),
    )
    return joined.sortedEntries().map(([key, value]) => [key, unpack(value) as V])
  }

  /** Kept values stay packed, because a function may change its arguments. */
  readonly #reduce = (a: Stored, b: Stored): Stored => pack(this.#f(unpack(a) as V, unpack(b) as V))
}
