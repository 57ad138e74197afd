/**
 * Records from files of text: a watched directory, chosen by modification time as Spark's FileInputDStream does, with a ledger instead of
 * its memory so that no file comes twice and none is left out by the limits of a batch.
 *
 * A file is taken at t when `threshold < modified <= t` and its path is not in the ledger. The threshold is Spark's, max(first start,
 * t - remember), or none with `existing: 'all'`; while files that were already eligible wait for room it does not move on.
 */
import { splitLines } from '../../base/text-lines.ts'
import type { FileSelection } from '../../dstream/source-declaration.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import type { ObjectSource, ObjectSummary } from '../../ports/object-source.ts'
import type { Partition } from '../../rdd/pour.ts'
import { ledgerKey } from '../../state/item-keys.ts'
import type { SegmentRef } from '../../state/segments.ts'
import { letterOf } from '../dead-letters.ts'
import type { Listener } from '../events.ts'
import type { BatchSource, PutAside, Slice, SliceData, SliceRequest } from './batch-source.ts'

export interface ObjectsSlice extends Slice {
  readonly kind: 'objects'
  /** In the order of (modified, key). */
  readonly taken: readonly ObjectSummary[]
  /** Objects that were gone when they should have been read. */
  readonly skipped: readonly { readonly key: string; readonly reason: 'missing' | 'replaced' }[]
  readonly cut: ObjectsCut
}

interface ObjectsCut {
  /** How many objects were ever taken: tells whether a ledger in memory is up to date. */
  readonly taken: number
  /** The threshold to keep while eligible objects wait for room. */
  readonly threshold?: number
  /** What another kind of source has left there under this name, in an earlier run with another binding: kept for when it comes back. */
  readonly [name: string]: unknown
}

/** When an object was taken, and which version of it. */
interface LedgerEntry {
  readonly modifiedMs: number
  readonly takenMs: number
}

const cutOf = (cut: SliceRequest['cut']): ObjectsCut => ({ taken: 0, ...cut })

const withoutThreshold = (cut: ObjectsCut): Record<string, unknown> => Object.fromEntries(Object.entries(cut).filter(([name]) => name !== 'threshold'))

/** What to make it of. */
export interface ObjectSourceParts {
  readonly store: ItemStore
  readonly app: string
  /** The id of the source node. */
  readonly source: string
  readonly objects: ObjectSource
  readonly selection: FileSelection
  readonly report: Listener
}

/** The source of one node that reads files. */
export const objectSource = ({ store, app, source, objects, selection, report }: ObjectSourceParts): BatchSource<ObjectsSlice> => {
  const ledger = new Ledger(store, app, source)
  const reported = new Set<string>()

  const thresholdAt = (timeMs: number, startedMs: number, cut: ObjectsCut): number => {
    if (selection.existing === 'all') return -Infinity
    return Math.min(Math.max(startedMs, timeMs - selection.rememberMs), cut.threshold ?? Infinity)
  }

  /** Everything not taken yet and not too old, whether its time has come or not, oldest first. */
  const candidates = async (timeMs: number, startedMs: number, cut: ObjectsCut): Promise<readonly ObjectSummary[]> => {
    const threshold = thresholdAt(timeMs, startedMs, cut)
    const [listed, entries] = await Promise.all([objects.list(), ledger.entries(cut.taken)])
    return listed.filter((object) => object.modifiedMs > threshold && !isTaken(object, entries.get(object.key), timeMs)).toSorted(byAge)
  }

  const isTaken = (object: ObjectSummary, entry: LedgerEntry | undefined, timeMs: number): boolean => {
    if (entry === undefined) return false
    if (entry.modifiedMs === object.modifiedMs) return true
    // Spark's path rule: a path that is still remembered is ignored, whatever was written there since.
    const remembered = selection.existing === 'all' || entry.takenMs >= timeMs - selection.rememberMs
    const change = `${object.key}@${object.modifiedMs}`
    if (remembered && !reported.has(change)) {
      reported.add(change)
      report({ event: 'objectSkipped', source, object: object.key, reason: 'it changed after it was read: a file is read once, so put new text into a new file' })
    }
    return remembered
  }

  return {
    kind: 'objects',
    async allocate({ timeMs, cut, limits, startedMs }: SliceRequest): Promise<ObjectsSlice> {
      const before = cutOf(cut)
      const due = (await candidates(timeMs, startedMs, before)).filter((object) => object.modifiedMs <= timeMs)
      const taken = withinLimits(due, limits)
      const backlog = taken.length < due.length ? { threshold: thresholdAt(timeMs, startedMs, before) } : {}
      return {
        kind: 'objects',
        taken,
        skipped: [],
        records: 0,
        bytes: taken.reduce((total, object) => total + object.sizeBytes, 0),
        objects: taken.length,
        // JSON has no infinity, and without a threshold there is none to keep.
        cut: { ...withoutThreshold(before), taken: before.taken + taken.length, ...(selection.existing === 'all' ? {} : backlog) },
      }
    },
    async read(slice: ObjectsSlice, putAside: PutAside): Promise<SliceData<ObjectsSlice>> {
      const partitions: Partition<unknown>[] = []
      const taken: ObjectSummary[] = []
      const skipped = [...slice.skipped]
      for (const object of slice.taken) {
        const content = await objects.read(object)
        if (content.found) {
          taken.push(object)
          partitions.push(partitionOf(source, object, content.bytes, putAside))
        } else {
          skipped.push({ key: object.key, reason: content.gone })
          report({ event: 'objectSkipped', source, object: object.key, reason: `it is ${content.gone} since it was listed` })
        }
      }
      return { partitions, slice: { ...slice, taken, skipped, objects: taken.length }, records: partitions.reduce((total, { records }) => total + records.length, 0) }
    },
    async record(slice: ObjectsSlice, timeMs: number): Promise<void> {
      await ledger.record(slice.taken, timeMs, slice.cut.taken)
    },
    async waiting({ cut, startedMs, nowMs }): Promise<number | undefined> {
      const [oldest] = await candidates(nowMs, startedMs, cutOf(cut))
      return oldest?.modifiedMs
    },
    blocks: (): readonly SegmentRef[] => [],
  }
}

const byAge = (a: ObjectSummary, b: ObjectSummary): number => a.modifiedMs - b.modifiedMs || (a.key < b.key ? -1 : 1)

const withinLimits = (due: readonly ObjectSummary[], limits: SliceRequest['limits']): readonly ObjectSummary[] => {
  let bytes = 0
  const end = due.findIndex((object, index) => {
    bytes += object.sizeBytes
    // One object at least: an object is never split, so one above the limit makes a batch of its own.
    return index > 0 && (index >= limits.objects || bytes > limits.bytes)
  })
  return end === -1 ? due : due.slice(0, end)
}

const partitionOf = (source: string, object: ObjectSummary, bytes: Uint8Array, putAside: PutAside): Partition<unknown> => {
  const { lines, rejected } = splitLines(bytes)
  for (const line of rejected) {
    const message = line.code === 'LINE_NOT_UTF8' ? 'The line is not valid UTF-8' : `The line has ${line.sizeBytes} bytes, which is over the limit`
    putAside({ source, position: `${object.key}@${line.offset}`, code: line.code, message, data: line.data, sizeBytes: line.sizeBytes })
  }
  return {
    records: lines,
    steps: [],
    origin: {
      description: `${object.key} of ${source}`,
      reject: (bad) => putAside(letterOf(source, `${object.key}#${bad.index + 1}`, bad)),
    },
  }
}

/** Writes into the ledger that a batch has taken these objects. Again for the same batch: nothing changes. */
export const recordTaken = async (store: ItemStore, app: string, source: string, taken: readonly ObjectSummary[], timeMs: number): Promise<void> => {
  if (taken.length === 0) return
  await store.putAll(taken.map(({ key, modifiedMs }) => ({ ...ledgerKey(app, source, key), item: { modifiedMs, takenMs: timeMs } })))
}

/** Which objects were taken: in the store for good, and in memory while that is known to be the same. */
class Ledger {
  readonly #store: ItemStore
  readonly #app: string
  readonly #source: string
  #entries: Map<string, LedgerEntry> | undefined
  #count = 0

  constructor(store: ItemStore, app: string, source: string) {
    this.#store = store
    this.#app = app
    this.#source = source
  }

  /** All entries, when so many objects were ever taken: another number in memory means that somebody else has moved on. */
  async entries(count: number): Promise<ReadonlyMap<string, LedgerEntry>> {
    if (this.#entries !== undefined && this.#count === count) return this.#entries
    const found = await this.#store.query(ledgerKey(this.#app, this.#source, '').partition)
    this.#entries = new Map(found.map(({ sort, item }) => [sort, { modifiedMs: item['modifiedMs'] as number, takenMs: item['takenMs'] as number }]))
    this.#count = count
    return this.#entries
  }

  async record(taken: readonly ObjectSummary[], timeMs: number, count: number): Promise<void> {
    if (taken.length === 0) return
    await recordTaken(this.#store, this.#app, this.#source, taken, timeMs)
    for (const { key, modifiedMs } of taken) this.#entries?.set(key, { modifiedMs, takenMs: timeMs })
    this.#count = count
  }
}
