/**
 * Which files a batch takes: chosen by modification time as Spark's FileInputDStream does, with a
 * ledger instead of its memory so that no file comes twice and none is left out by the limits of a
 * batch.
 *
 * A file is taken at t when `threshold < modified <= t` and its path is not in the ledger. The
 * threshold is Spark's, max(first start, t - remember), or none with `existing: 'all'`; while files
 * that were already eligible wait for room it does not move on. A path that was taken and written
 * again is ignored while it is remembered, as in Spark, or taken again with `onOverwrite: 'new'`.
 */
import type { FileSelection } from '../../../dstream/sources/file-selection.ts'
import type { ItemStore } from '../../../ports/item-store.ts'
import type { ObjectSource, ObjectSummary } from '../../../ports/object-source.ts'
import { ledgerKey } from '../../../state/item-keys.ts'
import type { FileOffsets } from '../../../state/offsets.ts'
import type { SourcePlace } from '../source-kind.ts'
import type { Listener } from '../../events.ts'

/** What to make it of. */
export interface FilesReaderParts extends SourcePlace {
  readonly objects: ObjectSource
  readonly selection: FileSelection
  readonly report: Listener
}

/** When an object was taken, and which version of it. */
interface LedgerEntry {
  readonly modifiedMs: number
  readonly takenMs: number
}

const byAge = (a: ObjectSummary, b: ObjectSummary): number =>
  a.modifiedMs - b.modifiedMs || (a.key < b.key ? -1 : 1)

/** Chooses files for batches, and remembers what was taken. */
export class FileChooser {
  readonly #parts: FilesReaderParts
  readonly #ledger: Ledger
  readonly #reported = new Set<string>()

  constructor(parts: FilesReaderParts) {
    this.#parts = parts
    this.#ledger = new Ledger(parts.store, parts.app, parts.source)
  }

  /** A file must have been modified after this to be in the batch at a time. */
  thresholdAt(timeMs: number, startedMs: number, offsets: FileOffsets): number {
    const { selection } = this.#parts
    if (selection.existing === 'all') return -Infinity
    return Math.min(
      Math.max(startedMs, timeMs - selection.rememberMs),
      offsets.threshold ?? Infinity,
    )
  }

  /** Everything not taken yet and not too old, whether its time has come or not, oldest first. */
  async candidates(
    timeMs: number,
    startedMs: number,
    offsets: FileOffsets,
  ): Promise<readonly ObjectSummary[]> {
    const threshold = this.thresholdAt(timeMs, startedMs, offsets)
    const [listed, entries] = await Promise.all([
      this.#parts.objects.list(),
      this.#ledger.entries(offsets.taken),
    ])
    return listed
      .filter(({ key }) => this.#parts.selection.filter?.(key) !== false)
      .filter(
        (object) =>
          object.modifiedMs > threshold && !this.#isTaken(object, entries.get(object.key), timeMs),
      )
      .toSorted(byAge)
  }

  /** Notes what a batch has taken; again for the same batch: nothing changes. */
  async record(taken: readonly ObjectSummary[], timeMs: number, count: number): Promise<void> {
    await this.#ledger.record(taken, timeMs, count)
  }

  #isTaken(object: ObjectSummary, entry: LedgerEntry | undefined, timeMs: number): boolean {
    if (entry === undefined) return false
    if (entry.modifiedMs === object.modifiedMs) return true
    const { selection } = this.#parts
    if (selection.onOverwrite === 'new') return false
    // Spark's path rule: a path that is still remembered is ignored, whatever was written there
    // since.
    const isRemembered =
      selection.existing === 'all' || entry.takenMs >= timeMs - selection.ignoredMs
    if (isRemembered) this.#reportChange(object)
    return isRemembered
  }

  #reportChange({ key, modifiedMs }: ObjectSummary): void {
    const change = `${key}@${modifiedMs}`
    if (this.#reported.has(change)) return
    this.#reported.add(change)
    this.#parts.report({
      event: 'objectSkipped',
      source: this.#parts.source,
      object: key,
      reason: 'it changed after it was read: a file is read once, so put new text into a new file',
    })
  }
}

/**
 * Writes into the ledger that a batch has taken these objects. Again for the same batch: nothing
 * changes.
 */
export const recordTaken = async (
  store: ItemStore,
  app: string,
  source: string,
  taken: readonly ObjectSummary[],
  timeMs: number,
): Promise<void> => {
  if (taken.length === 0) return
  await store.putAll(
    taken.map(({ key, modifiedMs }) => ({
      ...ledgerKey(app, source, key),
      item: { modifiedMs, takenMs: timeMs },
    })),
  )
}

/**
 * Which objects were taken: in the store for good, and in memory while that is known to be the
 * same.
 */
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

  /**
   * All entries, when so many objects were ever taken: another number in memory means that somebody
   * else has moved on.
   */
  async entries(count: number): Promise<ReadonlyMap<string, LedgerEntry>> {
    if (this.#entries !== undefined && this.#count === count) return this.#entries
    const found = await this.#store.query(ledgerKey(this.#app, this.#source, '').partition)
    this.#entries = new Map(
      found.map(({ sort, item }) => [
        sort,
        { modifiedMs: item['modifiedMs'] as number, takenMs: item['takenMs'] as number },
      ]),
    )
    this.#count = count
    return this.#entries
  }

  async record(taken: readonly ObjectSummary[], timeMs: number, count: number): Promise<void> {
    if (taken.length === 0) return
    await recordTaken(this.#store, this.#app, this.#source, taken, timeMs)
    for (const { key, modifiedMs } of taken)
      this.#entries?.set(key, { modifiedMs, takenMs: timeMs })
    this.#count = count
  }
}
