/**
 * Chooses the files of a batch by modification time, like Spark's FileInputDStream. A ledger
 * replaces Spark's memory, so that no file comes twice and the limits of a batch leave no file out.
 *
 * A file is taken at t when `threshold < modified <= t` and its path is not in the ledger. The
 * threshold is Spark's, max(first start, t - remember), or none with `existing: 'all'`. It does not
 * move while eligible files wait for room in a batch. A path that was taken and is written again is
 * ignored while it is remembered, as in Spark, or taken again with `onOverwrite: 'new'`.
 */
import type { FileSelection } from '../../../dstream/sources/file-selection.ts'
import type { ItemStore } from '../../../ports/item-store.ts'
import type { ObjectSource, ObjectSummary } from '../../../ports/object-source.ts'
import { ledgerKey } from '../../../state/item-keys.ts'
import type { FileOffsets } from '../../../state/offsets.ts'
import type { SourcePlace } from '../source-kind.ts'
import type { Listener } from '../../events.ts'

/** What a reader of files needs. */
export interface FilesReaderParts extends SourcePlace {
  readonly objects: ObjectSource
  readonly selection: FileSelection
  readonly report: Listener
}

/** When a file was taken, and which version of it. */
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

  /** The files of a batch must be modified after this time. */
  thresholdAt(timeMs: number, startedMs: number, offsets: FileOffsets): number {
    const { selection } = this.#parts
    if (selection.existing === 'all') return -Infinity
    return Math.min(
      Math.max(startedMs, timeMs - selection.rememberMs),
      offsets.threshold ?? Infinity,
    )
  }

  /**
   * All files that are not taken yet and not too old, oldest first. Includes files of future
   * batches.
   */
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

  /** Notes what a batch has taken. A second call for the same batch changes nothing. */
  async record(taken: readonly ObjectSummary[], timeMs: number, count: number): Promise<void> {
    await this.#ledger.record(taken, timeMs, count)
  }

  #isTaken(object: ObjectSummary, entry: LedgerEntry | undefined, timeMs: number): boolean {
    if (entry === undefined) return false
    if (entry.modifiedMs === object.modifiedMs) return true
    const { selection } = this.#parts
    if (selection.onOverwrite === 'new') return false
    // Spark's path rule: a path that is still remembered is ignored, even if it was written again.
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
      reason: 'it changed after it was read. A file is read once, so write new text to a new file',
    })
  }
}

/**
 * Writes into the ledger that a batch has taken these files. A second call for the same batch
 * changes nothing.
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
 * The files that were taken: in the store for ever, and in memory while memory is known to be
 * equal.
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
   * All entries. `count`: how many files were ever taken. If memory has another count, another
   * process has committed batches, and the entries are read again.
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
