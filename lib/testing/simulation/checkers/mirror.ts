/**
 * A copy of what the store holds, made from the writes that were seen. So checks can read it in the
 * middle of a write.
 */
import { blobName } from '../../../adapters/blob-item-store.ts'
import { decode } from '../../../base/codec.ts'
import { type BatchInput, batchInputFrom } from '../../../runtime/driver/batch-input.ts'
import type { LaneInput } from '../../../runtime/sources/lanes/waiting-lanes.ts'
import type { Item, ItemKey } from '../../../ports/item-store.ts'
import { broadcastSegments } from '../../../state/broadcasts.ts'
import { type Head, headFromItem, type LaneOffsetsBySource } from '../../../state/head.ts'
import { headKey, isLanePartition } from '../../../state/item-keys.ts'
import { laneOffsetsIn } from '../../../state/lane-offsets.ts'
import { keptRef } from '../../../state/kept-tasks.ts'
import { BEGINNING, type BlockRef } from '../../../state/lane-entries.ts'
import {
  isPage,
  type LanePage,
  type LanePart,
  partsAfter,
  partsInPage,
} from '../../../state/lane-pages.ts'
import { partsOf } from '../../../state/lane-reader.ts'
import { type Lane, laneFromItem } from '../../../state/lanes.ts'
import { type Manifest, manifestFrom } from '../../../state/manifest.ts'
import { type PageRef, pageFrom, type StoredList } from '../../../state/stored-list.ts'
import { segmentBytes, segmentId, segmentKeys, type SegmentRef } from '../../../state/segments.ts'
import { StatePartition } from '../../../state/state-partition.ts'
import type { StoreWrite } from '../ports/observer.ts'

const idOf = ({ partition, sort }: ItemKey): string => `${partition}\n${sort}`

/** What of a lane is after its offset. */
export interface WaitingInLane {
  readonly blocks: readonly BlockRef[]
  readonly pages: readonly LanePage[]
  /** Those of the pages that are not in the store. */
  readonly missing: readonly LanePage[]
}

export class Mirror {
  readonly #app: string
  readonly #items = new Map<string, Item>()
  readonly #blobs = new Map<string, Uint8Array>()
  readonly #lost = new Map<string, ItemKey>()
  readonly #everLost = new Set<string>()
  // Read at almost every event, so not decoded anew each time.
  readonly #lanes = new Map<string, Lane>()
  /** The tails of lanes that were emptied. */
  readonly #emptied = new Map<string, string>()
  readonly #decoded = new Map<string, unknown>()
  readonly #pages = new Map<string, readonly LanePart[]>()
  #head: Head | undefined

  constructor(app: string) {
    this.#app = app
  }

  take({ key, after }: StoreWrite): void {
    const id = idOf(key)
    if (after === undefined) this.#items.delete(id)
    else this.#items.set(id, after)
    if (id === idOf(headKey(this.#app))) this.#head = after && headFromItem(after)
    if (!isLanePartition(this.#app, key.partition)) return
    const [source = '', lane = ''] = key.sort.split('#')
    if (after === undefined) this.#lanes.delete(id)
    else this.#lanes.set(id, laneFromItem(source, lane, after))
  }

  /** A blob as it is written; undefined: as it is deleted. */
  takeBlob(name: string, bytes: Uint8Array | undefined): void {
    if (bytes === undefined) this.#blobs.delete(name)
    else this.#blobs.set(name, bytes)
  }

  /**
   * A segment is gone from the store because of a fault, not of the code. The mirror still knows
   * what it held.
   */
  lose(ref: SegmentRef): void {
    for (const key of segmentKeys(this.#app, ref)) this.#lost.set(idOf(key), key)
    this.#everLost.add(`${ref.node}\n${ref.at}`)
  }

  /** Whether a block that ends there was ever lost. */
  wasLost(lane: string, at: string): boolean {
    return [...this.#everLost].some((name) => name.endsWith(`/${lane}\n${at}`))
  }

  isLost(ref: SegmentRef): boolean {
    return segmentKeys(this.#app, ref).some((key) => this.#lost.has(idOf(key)))
  }

  /** Everything that was lost, to be written again: each item, and its blob where it has one. */
  restore(): readonly (readonly [key: ItemKey, item: Item, blob: Uint8Array | undefined])[] {
    const lost = [...this.#lost.values()].flatMap((key) => {
      const item = this.#items.get(idOf(key))
      return item === undefined ? [] : [[key, item, this.#blobs.get(blobName(key))] as const]
    })
    this.#lost.clear()
    return lost
  }

  blob(name: string): Uint8Array | undefined {
    return this.#blobs.get(name)
  }

  /** Whether an item with bytes is there, wherever these lie. */
  has(key: ItemKey): boolean {
    return this.#chunk(key) !== undefined
  }

  /** Every item that carries a TTL. */
  expiring(): readonly (readonly [key: ItemKey, ttl: number])[] {
    return [...this.#items].flatMap(([id, { ttl }]) => {
      const [partition = '', sort = ''] = id.split('\n')
      return typeof ttl === 'number' ? [[{ partition, sort }, ttl] as const] : []
    })
  }

  /** A chunk of a segment with its bytes, wherever these lie; undefined when they lie nowhere. */
  #chunk(key: ItemKey): Item | undefined {
    const item = this.#items.get(idOf(key))
    if (item === undefined || item['bytes'] instanceof Uint8Array)
      return item?.['bytes'] === undefined ? undefined : item
    const bytes = this.#blobs.get(blobName(key))
    return bytes === undefined ? undefined : { ...item, bytes }
  }

  head(): Head | undefined {
    return this.#head
  }

  /** How far batches have taken a lane. */
  laneOffset(source: string, lane: string): string {
    return this.laneOffsets()[source]?.[lane] ?? this.emptiedAt(source, lane)
  }

  /** A lane was emptied: it needs no offset any more. */
  emptied({ source, lane, tail }: Lane): void {
    this.#emptied.set(`${source}#${lane}`, tail)
  }

  /** Where a lane was emptied last. Everything up to there was taken. */
  emptiedAt(source: string, lane: string): string {
    return this.#emptied.get(`${source}#${lane}`) ?? BEGINNING
  }

  /** How far batches have taken each lane, by source. */
  laneOffsets(): LaneOffsetsBySource {
    if (this.#head === undefined) return {}
    return this.#head.offsets ?? laneOffsetsIn(this.manifest(this.#head.manifest)?.offsets ?? {})
  }

  lanes(): readonly Lane[] {
    return [...this.#lanes.values()]
  }

  /** Undefined when a part of it is not there. */
  segment(ref: SegmentRef): unknown {
    const chunks = segmentKeys(this.#app, ref).map((key) => this.#chunk(key))
    if (!chunks.every((chunk) => chunk !== undefined)) return undefined
    const name = `${segmentId(ref)}#${ref.checksum}`
    if (!this.#decoded.has(name)) this.#decoded.set(name, decode(segmentBytes(chunks)))
    return this.#decoded.get(name)
  }

  input(stored: string | SegmentRef): BatchInput | undefined {
    const value: unknown = typeof stored === 'string' ? JSON.parse(stored) : this.segment(stored)
    return value === undefined ? undefined : batchInputFrom(value)
  }

  manifest(ref: SegmentRef | undefined): Manifest | undefined {
    const value = ref && this.segment(ref)
    return value === undefined ? undefined : manifestFrom(value)
  }

  /** The state of one operator, partition by partition, as a manifest names it. */
  state(manifest: Manifest, node: string): readonly (readonly [unknown, unknown])[] {
    return (manifest.states[node]?.partitions ?? []).flatMap((stored) => {
      const partition = new StatePartition()
      for (const ref of this.#listed(node, stored).refs) {
        partition.apply(
          segmentBytes(segmentKeys(this.#app, ref).map((key) => this.#chunk(key) ?? {})),
        )
      }
      return [...partition.draft().entries()]
    })
  }

  /** Every segment that must be there while the head and the lanes are as they are (B11). */
  reachable(): readonly SegmentRef[] {
    const head = this.head()
    const waiting = this.lanes()
      .map((lane) => this.waitingIn(lane))
      .flatMap(({ blocks, pages }) => [...blocks, ...pages.map(({ ref }) => ref)])
    if (head === undefined) return waiting
    const { manifest: newest, logged } = head
    const kept = [newest ?? [], this.manifest(newest)?.previous ?? []].flat()
    const inputs = logged === undefined || typeof logged.input === 'string' ? [] : [logged.input]
    const handedOn = logged?.kept?.stages.map(keptRef) ?? []
    const states = kept.flatMap((ref) => this.#statesOf(this.manifest(ref)))
    const { broadcasts } = (logged && this.input(logged.input)) ?? {}
    return [kept, states, inputs, broadcastSegments(broadcasts), handedOn, waiting].flat()
  }

  /** The inputs and blocks of the batches of the time that is kept for replays. */
  neededByReplays(): readonly SegmentRef[] {
    const newest = this.manifest(this.#head?.manifest)
    if (newest?.keptForReplayMs === undefined) return []
    const { timeMs, keptForReplayMs, previous } = newest
    // After a reset, no replay begins before it.
    const oldestMs = Number(previous.at(-1)?.at ?? timeMs)
    const beginMs = Math.max(oldestMs, timeMs - keptForReplayMs)
    const prefix = `${this.#app}#replay#`
    return [...this.#items].flatMap(([id, { input, segment }]) => {
      const atMs = Number(id.split('\n')[1])
      if (!id.startsWith(prefix) || atMs <= beginMs || atMs > timeMs) return []
      const ref = typeof segment === 'string' ? (JSON.parse(segment) as SegmentRef) : undefined
      return [...(ref === undefined ? [] : [ref]), ...this.#blocksOf(ref ?? String(input))]
    })
  }

  #blocksOf(stored: string | SegmentRef): readonly SegmentRef[] {
    const { sources = {}, broadcasts } = this.input(stored) ?? {}
    const blocks = Object.values(sources).flatMap((taken) => {
      const { lanes = [] } = taken as { readonly lanes?: readonly LaneInput[] }
      return lanes.flatMap(({ entries }) => entries.flatMap((one) => one.blocks))
    })
    return [...blocks, ...broadcastSegments(broadcasts)]
  }

  #statesOf(manifest: Manifest | undefined): readonly SegmentRef[] {
    const states = Object.entries(manifest?.states ?? {}).flatMap(([node, { partitions }]) =>
      partitions.flatMap((stored) => {
        const { refs, pages } = this.#listed(node, stored)
        return [...refs, ...pages]
      }),
    )
    return [...states, ...broadcastSegments(manifest?.broadcasts)]
  }

  /** The segments of a list and its pages. A page that is gone names nothing. */
  #listed(
    node: string,
    { pages, skipped, refs }: StoredList,
  ): { readonly refs: readonly SegmentRef[]; readonly pages: readonly PageRef[] } {
    const below = (page: PageRef): { refs: readonly SegmentRef[]; pages: readonly PageRef[] } => {
      const content = this.segment(page)
      if (content === undefined) return { refs: [], pages: [page] }
      const named = pageFrom(node, page.part, page.level, content)
      if (page.level === 1) return { refs: named, pages: [page] }
      const parts = (named as readonly PageRef[]).map(below)
      return {
        refs: parts.flatMap((part) => part.refs),
        pages: [page, ...parts.flatMap((part) => part.pages)],
      }
    }
    const found = pages.map(below)
    return {
      refs: [...found.flatMap((part) => part.refs).slice(skipped), ...refs],
      pages: found.flatMap((part) => part.pages),
    }
  }

  /** The blocks after the offsets, with their lanes. */
  waitingBlocks(): readonly { readonly lane: string; readonly ref: BlockRef }[] {
    return this.lanes().flatMap((lane) =>
      this.waitingIn(lane).blocks.map((ref) => ({ lane: lane.lane, ref })),
    )
  }

  /** What of a lane is after its offset, in its entries and in its pages. */
  waitingIn(lane: Lane): WaitingInLane {
    const offset = this.laneOffset(lane.source, lane.lane)
    const found = { blocks: [] as BlockRef[], pages: [] as LanePage[], missing: [] as LanePage[] }
    const visit = (parts: readonly LanePart[]): void => {
      for (const part of partsAfter(parts, offset)) {
        if (!isPage(part)) for (const block of part.blocks) found.blocks.push(block)
        else {
          found.pages.push(part)
          const held = this.#partsIn(lane, part)
          if (held === undefined) found.missing.push(part)
          else visit(held)
        }
      }
    }
    visit(partsOf(lane))
    return found
  }

  #partsIn({ source, lane }: Lane, page: LanePage): readonly LanePart[] | undefined {
    const content = this.segment(page.ref)
    if (content === undefined) return undefined
    const id = segmentId(page.ref)
    const parts = this.#pages.get(id) ?? partsInPage(source, lane, page, content)
    this.#pages.set(id, parts)
    return parts
  }
}
