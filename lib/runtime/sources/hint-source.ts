/**
 * Records from objects that event notifications hint at. A hint is appended to a lane as often as it comes, late, twice and out of order;
 * what is true is decided when a batch is allocated:
 *
 *   hints behind the cut + those put off -> what is there now (head) -> not in the ledger -> modified at or before t -> within the limits
 *
 * What is left over is put off: it stands in the cut, for the next batch. The ledger is written between log and commit, by upload, and
 * lasts, so neither a redelivery nor a sweep by listing brings an object in twice. The batch reads the uploads that its plan has pinned.
 */
import { together } from '../../base/together.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import type { ObjectStore, ObjectVersion } from '../../ports/object-store.ts'
import type { Partition } from '../../rdd/pour.ts'
import { readBlock } from '../../state/blocks.ts'
import { ledgerKey } from '../../state/item-keys.ts'
import { BEGINNING, type BlockRef, entriesAfter, readLanes } from '../../state/lanes.ts'
import type { SegmentRef } from '../../state/segments.ts'
import type { Listener } from '../events.ts'
import type { BatchSource, PutAside, Slice, SliceData, SliceRequest } from './batch-source.ts'
import { linesOfObject, withinObjectLimits } from './text-object.ts'

/** What a notification says of an object. */
export interface ObjectHint {
  readonly key: string
  /** The id of the version, where the store keeps versions. */
  readonly version?: string
  /** When the event happened, by the store's clock. */
  readonly eventMs: number
}

/** An upload with the time that counts for it. */
interface DueObject extends ObjectVersion {
  /** The later of its modification and its event: a multipart upload is modified when it begins, and there when it ends. */
  readonly dueMs: number
}

interface HintsCut {
  /** Hints that were read and whose objects no batch has taken yet. */
  readonly putOff: readonly ObjectHint[]
  /** The positions of the lanes. */
  readonly lanes: Readonly<Record<string, string>>
  readonly [name: string]: unknown
}

export interface HintsSlice extends Slice {
  readonly kind: 'hints'
  /** In the order of (due, key). */
  readonly taken: readonly DueObject[]
  readonly skipped: readonly { readonly key: string; readonly reason: 'missing' | 'replaced' }[]
  /** The blocks of hints that were read. */
  readonly read: readonly BlockRef[]
  readonly cut: HintsCut
}

/** What to make it of. */
export interface HintSourceParts {
  readonly store: ItemStore
  readonly app: string
  /** The id of the source node. */
  readonly source: string
  readonly objects: ObjectStore
  /** `'ignore'`: only what was modified after the application first started. */
  readonly existing: 'ignore' | 'all'
  /** `'new'`: each upload is read once. `'ignore'`: each key is read once, whatever is uploaded under it later. */
  readonly onOverwrite: 'new' | 'ignore'
  readonly report: Listener
}

/** Hints behind the cut that one allocation reads at most, as a multiple of the objects in a batch: most are repetitions. */
const HINTS_PER_OBJECT = 4

const cutOf = (cut: SliceRequest['cut']): HintsCut => ({ putOff: [], lanes: {}, ...cut })

/** The name of one upload in the ledger. */
const uploadName = ({ key, version, isVersioned, modifiedMs }: ObjectVersion): string =>
  // An entity tag comes again with the same content; its time tells the uploads apart.
  isVersioned ? `${version}#${key}` : `${version}@${modifiedMs}#${key}`

/** The name of all uploads under a key in the ledger: no version is empty. */
const keyName = ({ key }: ObjectVersion): string => `#${key}`

/** By the time that counts, then by key, then in the order in which the uploads were made. */
const byDue = (a: DueObject, b: DueObject): number =>
  a.dueMs - b.dueMs || (a.key < b.key ? -1 : a.key > b.key ? 1 : a.modifiedMs - b.modifiedMs || (a.version < b.version ? -1 : 1))

/** The source of one node that reads objects which notifications hint at. */
export const hintSource = (parts: HintSourceParts): BatchSource<HintsSlice> => {
  const { store, app, source, objects, onOverwrite, report } = parts
  const hints = new HintReader(parts)
  // The upload too, where the key would do: the choice may be another one after the next deployment.
  const namesOf = (object: ObjectVersion): readonly string[] =>
    onOverwrite === 'ignore' ? [keyName(object), uploadName(object)] : [uploadName(object)]

  return {
    kind: 'hints',
    async allocate({ timeMs, cut, limits, startedMs }: SliceRequest): Promise<HintsSlice> {
      const before = cutOf(cut)
      const found = await hints.behind(before, limits.objects * HINTS_PER_OBJECT)
      const { open, missing } = await hints.openUploads([...before.putOff, ...found.hints], startedMs)
      for (const key of missing) report({ event: 'objectSkipped', source, object: key, reason: 'it is not there any more' })
      const due = open.filter(({ dueMs }) => dueMs <= timeMs)
      const taken = withinObjectLimits(due, limits)
      const left = open.filter((object) => !taken.includes(object))
      const putOff = left.map(({ key, version, isVersioned, dueMs }) => ({ key, eventMs: dueMs, ...(isVersioned ? { version } : {}) }))
      const bytes = taken.reduce((total, { sizeBytes }) => total + sizeBytes, 0)
      const next = { ...before, putOff, lanes: found.lanes }
      return {
        kind: 'hints',
        taken,
        skipped: missing.map((key) => ({ key, reason: 'missing' as const })),
        read: found.blocks,
        records: 0,
        bytes,
        objects: taken.length,
        cut: next,
        laneCut: found.lanes,
      }
    },
    async read(slice: HintsSlice, putAside: PutAside): Promise<SliceData<HintsSlice>> {
      const partitions: Partition<unknown>[] = []
      const taken: DueObject[] = []
      const skipped = [...slice.skipped]
      for (const object of slice.taken) {
        const content = await objects.read(object)
        if (content.found) {
          taken.push(object)
          partitions.push(linesOfObject(source, object.key, content.bytes, putAside))
        } else {
          skipped.push({ key: object.key, reason: content.gone })
          report({ event: 'objectSkipped', source, object: object.key, reason: `it is ${content.gone} since its batch was decided` })
        }
      }
      const records = partitions.reduce((total, partition) => total + partition.records.length, 0)
      return { partitions, slice: { ...slice, taken, skipped, objects: taken.length }, records }
    },
    async record(slice: HintsSlice, timeMs: number): Promise<void> {
      const entries = slice.taken.flatMap((object) =>
        namesOf(object).map((name) => ({
          ...ledgerKey(app, source, name),
          item: { modifiedMs: object.modifiedMs, takenMs: timeMs },
        })),
      )
      if (entries.length > 0) await store.putAll(entries)
    },
    async waiting({ cut }): Promise<number | undefined> {
      const before = cutOf(cut)
      if (await hints.anyBehind(before)) return -Infinity
      return before.putOff.length === 0 ? undefined : Math.min(...before.putOff.map(({ eventMs }) => eventMs))
    },
    blocks: (slice: HintsSlice): readonly SegmentRef[] => slice.read,
  }
}

/** Reads hints from lanes, and finds out what has become of the objects they speak of. */
class HintReader {
  readonly #parts: HintSourceParts

  constructor(parts: HintSourceParts) {
    this.#parts = parts
  }

  async anyBehind(cut: HintsCut): Promise<boolean> {
    return (await this.#waitingBlocks(cut)).length > 0
  }

  /** Whole blocks of hints behind the cut, up to a number of hints, and the positions after them. */
  async behind(
    cut: HintsCut,
    hintsMax: number,
  ): Promise<{ readonly hints: readonly ObjectHint[]; readonly blocks: readonly BlockRef[]; readonly lanes: HintsCut['lanes'] }> {
    const lanes: Record<string, string> = { ...cut.lanes }
    const blocks: BlockRef[] = []
    let count = cut.putOff.length
    for (const { lane, block } of await this.#waitingBlocks(cut)) {
      count += block.count
      if (blocks.length > 0 && count > hintsMax) break
      blocks.push(block)
      lanes[lane] = block.at
    }
    const { store, app } = this.#parts
    const read = await together(blocks.map(async (ref) => (await readBlock(store, app, ref)).records as readonly ObjectHint[]))
    return { hints: read.flat(), blocks, lanes }
  }

  async #waitingBlocks(cut: HintsCut): Promise<readonly { readonly lane: string; readonly block: BlockRef }[]> {
    const { store, app, source } = this.#parts
    const lanes = await readLanes(store, app, source)
    return lanes.flatMap((lane) =>
      entriesAfter(lane, cut.lanes[lane.lane] ?? BEGINNING).flatMap((entry) => entry.blocks.map((block) => ({ lane: lane.lane, block }))),
    )
  }

  /** The uploads that hints speak of and no batch has taken, each once, by (due, key); and the keys under which nothing is any more. */
  async openUploads(
    hints: readonly ObjectHint[],
    startedMs: number,
  ): Promise<{ readonly open: readonly DueObject[]; readonly missing: readonly string[] }> {
    const { objects, existing, onOverwrite } = this.#parts
    const uploads = new Map<string, DueObject>()
    const missing = new Set<string>()
    const looked = await together(distinct(hints).map(async (hint) => ({ hint, object: await objects.head(hint.key, hint.version) })))
    for (const { hint, object } of looked) {
      if (object === undefined) {
        missing.add(hint.key)
        continue
      }
      const dueMs = Math.max(object.modifiedMs, hint.eventMs)
      if (existing === 'all' || dueMs > startedMs) uploads.set(uploadName(object), { ...object, dueMs })
    }
    const untaken = await together([...uploads.values()].map(async (object) => ((await this.#isTaken(object)) ? [] : [object])))
    const open = untaken.flat().toSorted(byDue)
    return { open: onOverwrite === 'ignore' ? firstOfEachKey(open) : open, missing: [...missing] }
  }

  async #isTaken(object: DueObject): Promise<boolean> {
    const { store, app, source, onOverwrite } = this.#parts
    const isKnown = async (name: string): Promise<boolean> => (await store.get(ledgerKey(app, source, name))) !== undefined
    return (await isKnown(uploadName(object))) || (onOverwrite === 'ignore' && (await isKnown(keyName(object))))
  }
}

const firstOfEachKey = (objects: readonly DueObject[]): readonly DueObject[] => {
  const keys = new Set<string>()
  return objects.filter(({ key }) => !keys.has(key) && keys.add(key))
}

/** Each object and version once. Of several events the last: without versions it is that of the upload which is there now. */
const distinct = (hints: readonly ObjectHint[]): readonly ObjectHint[] => {
  const byName = new Map<string, ObjectHint>()
  for (const hint of hints) {
    const name = `${hint.version ?? ''}#${hint.key}`
    const known = byName.get(name)
    if (known === undefined || hint.eventMs > known.eventMs) byName.set(name, hint)
  }
  return [...byName.values()]
}
