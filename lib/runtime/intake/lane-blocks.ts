/**
 * Decides what the block of an append holds: the records, or what they come to by key. The second
 * only where the records can be read again from their source, and where it pays:
 *
 * - An append of few records is stored as it is: it costs the same, and takes less time.
 * - What is combined must take at most half of the bytes. Otherwise the lane stores its records,
 *   and tries again after 1, 2, 4, ... 64 more appends.
 * - While the application has failed, records are stored: the next deployment has other code, and
 *   the source may have forgotten them by then.
 */
import type { ItemStore } from '../../ports/item-store.ts'
import {
  measureRecords,
  nameBlock,
  type NamedBlock,
  type PositionedRecord,
} from '../../state/blocks.ts'
import { nameCombined } from '../../state/combined-blocks.ts'
import { blockNode } from '../../state/lane-entries.ts'

/** The records of an append, to be combined. */
export interface CombineRequest {
  readonly lane: string
  /** In the order of their positions, at least one. */
  readonly records: readonly PositionedRecord[]
  /** How many more records of the append could not be read. */
  readonly rejected: number
  /** By the clock of this process. What is not done then is given up. */
  readonly deadlineMs: number
}

/** When it pays to combine the records of an append. */
export interface CombinePays {
  /** An append with fewer records is not worth it. */
  readonly recordsMin: number
  /** What is combined takes at most this share of the bytes of the records. */
  readonly shareMax: number
}

const PAYS: CombinePays = { recordsMin: 64, shareMax: 1 / 2 }

/** Combines the records of one source. */
export interface Combiner {
  /** Default: from 64 records on, and if it takes at most half of their bytes. */
  readonly pays?: CombinePays | undefined
  /** The generation of its code. */
  readonly generation: number
  /** The encoded block. Rejects if the records cannot be combined, or not in time. */
  readonly combine: (request: CombineRequest) => Promise<Uint8Array>
}

/** What blocks are made with. */
export interface LaneBlocksParts {
  readonly store: ItemStore
  readonly app: string
  /** The id of the source node. */
  readonly source: string
  /** Left out: all blocks hold records. */
  readonly combiner?: Combiner | undefined
}

const PAUSE_MAX = 64

/** How a lane has done so far. */
interface Experience {
  /** So many of its next appends are stored as they are. */
  readonly pause: number
  /** The pause after the next append that does not pay. */
  readonly next: number
}

const NEW: Experience = { pause: 0, next: 1 }

/** The blocks of the lanes of one source. */
export class LaneBlocks {
  readonly #parts: LaneBlocksParts
  readonly #experience = new Map<string, Experience>()

  constructor(parts: LaneBlocksParts) {
    this.#parts = parts
  }

  /**
   * Names the block of an append, without writing it. `mayCombine`: whether the records can be read
   * again, and the application runs.
   */
  async name(request: CombineRequest, by: string, mayCombine: boolean): Promise<NamedBlock> {
    const { store, app, source } = this.#parts
    const name = { node: blockNode(source, request.lane), by }
    const combined = mayCombine ? await this.#combined(request, name) : undefined
    return combined ?? nameBlock(store, app, name, request.records)
  }

  async #combined(
    request: CombineRequest,
    name: { readonly node: string; readonly by: string },
  ): Promise<NamedBlock | undefined> {
    const { store, app, combiner } = this.#parts
    const { lane, records } = request
    const { recordsMin, shareMax } = combiner?.pays ?? PAYS
    if (combiner === undefined || records.length < recordsMin) return undefined
    const { pause, next } = this.#experience.get(lane) ?? NEW
    if (pause > 0) {
      this.#experience.set(lane, { pause: pause - 1, next })
      return undefined
    }
    // Whatever goes wrong here: the driver does it again, and says so.
    const bytes = await combiner.combine(request).catch(() => undefined)
    const measured = measureRecords(records)
    if (bytes === undefined || bytes.byteLength > measured.bytes * shareMax) {
      this.#experience.set(lane, { pause: next, next: Math.min(2 * next, PAUSE_MAX) })
      return undefined
    }
    this.#experience.delete(lane)
    const { generation } = combiner
    return nameCombined(store, app, { ...name, generation }, records, { bytes, sum: measured.sum })
  }
}
