/**
 * The ledger of a directory: which files batches have taken. One item for each batch that took
 * something, under its batch time. So a process reads only what can still matter, and never the
 * history.
 *
 * An entry matters for two questions. Both are about files that were modified after some time, or
 * paths that were taken after some batch time, and a batch takes no file before its time. So the
 * entries after the earlier of both times are enough.
 *
 * Entries are only ever added, apart from two cases:
 * - `drop` deletes items that are so old that no question reaches them.
 * - Where every file ever taken matters (`existing: 'all'`), `fold` joins small items into large
 *   ones. It first writes what it joins, and then deletes only that. So several processes may do so
 *   at once, and a process may end at any moment: an entry that is there twice changes nothing.
 */
import { createHash } from 'node:crypto'
import { allOrFirstError } from '../../../base/concurrency.ts'
import type { ItemKey, KeyedItem } from '../../../ports/item-store.ts'
import { ledgerKey, sortableTime } from '../../../state/item-keys.ts'
import type { SourcePlace } from '../source-kind.ts'

/** A file that was taken. */
export interface TakenFile {
  readonly key: string
  readonly modifiedMs: number
  /** Its path is ignored for a while from this batch time on. At most the time of its batch. */
  readonly takenMs: number
  /** Stays the same when it is renamed. Left out: renames do not matter. */
  readonly identity?: string
}

/** The newest entry of a path. */
export interface LedgerEntry {
  readonly modifiedMs: number
  readonly takenMs: number
  readonly identity?: string | undefined
}

/** The size of the text of an item, in bytes. A single path may be longer. */
const TEXT_BYTES_MAX = 200_000
/** An item with a text of this size or more is not joined with others. */
const LARGE_BYTES = TEXT_BYTES_MAX / 2
/** Number of small items that are joined at a time. */
const SMALL_ITEMS_MAX = 64
const PAGE_ITEMS = 50

type Row = readonly [key: string, modifiedMs: number, takenMs: number, identity?: string]

const partitionOf = ({ app, source }: SourcePlace): string =>
  ledgerKey(app, `${source}/files`, '').partition

/** Texts of rows, none much larger than {@link TEXT_BYTES_MAX}. */
const textsOf = (rows: readonly Row[]): readonly string[] => {
  const texts: string[] = []
  let part: string[] = []
  let bytes = 0
  for (const row of rows) {
    const text = JSON.stringify(row)
    const rowBytes = Buffer.byteLength(text) + 1
    if (part.length > 0 && bytes + rowBytes > TEXT_BYTES_MAX) {
      texts.push(`[${part.join(',')}]`)
      part = []
      bytes = 0
    }
    part.push(text)
    bytes += rowBytes
  }
  return part.length === 0 ? texts : [...texts, `[${part.join(',')}]`]
}

const textIn = ({ item }: KeyedItem): string => item['files'] as string
const rowsIn = (stored: KeyedItem): readonly Row[] => JSON.parse(textIn(stored)) as readonly Row[]
const isSmall = (text: string): boolean => text.length < LARGE_BYTES

/**
 * Writes into the ledger that a batch has taken these files. A second call for the same batch
 * changes nothing. Returns the written items.
 */
export const recordFiles = async (
  place: SourcePlace,
  files: readonly TakenFile[],
  timeMs: number,
): Promise<readonly KeyedItem[]> => {
  if (files.length === 0) return []
  const rows = files.map(({ key, modifiedMs, takenMs, identity }): Row =>
    identity === undefined ? [key, modifiedMs, takenMs] : [key, modifiedMs, takenMs, identity],
  )
  const items = textsOf(rows).map((text, chunk) => ({
    partition: partitionOf(place),
    sort: `${sortableTime(timeMs)}#${chunk}`,
    item: { files: text },
  }))
  await place.store.putAll(items)
  return items
}

/** The ledger, and in memory those of its entries that matter. */
export class FileLedger {
  readonly #place: SourcePlace
  #entries: Map<string, LedgerEntry> | undefined
  /** The keys of entries with an identity, by this and the modification time. */
  readonly #names = new Map<string, string>()
  /** Which entries are in memory: those of batches after this time. */
  #afterMs = Infinity
  #count = 0
  #small: ItemKey[] = []

  constructor(place: SourcePlace) {
    this.#place = place
  }

  /** The number of entries in memory. */
  get size(): number {
    return this.#entries?.size ?? 0
  }

  /**
   * The entries of all batches after a time, by path, and perhaps older ones. `count`: how many
   * files were ever taken. If memory has another count, another process has committed batches, and
   * the entries are read again.
   */
  async entries(count: number, afterMs: number): Promise<ReadonlyMap<string, LedgerEntry>> {
    if (this.#entries !== undefined && this.#count === count && this.#afterMs <= afterMs)
      return this.#entries
    const entries = new Map<string, LedgerEntry>()
    const small: ItemKey[] = []
    this.#names.clear()
    for await (const stored of this.#items(afterMs)) {
      this.#add(entries, rowsIn(stored))
      if (isSmall(textIn(stored))) small.push(stored)
    }
    this.#entries = entries
    this.#afterMs = afterMs
    this.#count = count
    this.#small = small
    return entries
  }

  /** The paths of all entries in the store. They are not kept in memory. */
  async paths(): Promise<ReadonlySet<string>> {
    const paths = new Set<string>()
    for await (const stored of this.#items(-Infinity))
      for (const [key] of rowsIn(stored)) paths.add(key)
    return paths
  }

  /** Notes what a batch has taken. A second call for the same batch changes nothing. */
  async record(files: readonly TakenFile[], timeMs: number, count: number): Promise<void> {
    const items = await recordFiles(this.#place, files, timeMs)
    for (const stored of items) {
      if (this.#entries !== undefined) this.#add(this.#entries, rowsIn(stored))
      const isKnown = this.#small.some(({ sort }) => sort === stored.sort)
      if (isSmall(textIn(stored)) && !isKnown) this.#small.push(stored)
    }
    this.#count = count
  }

  /** Forgets entries in memory that no longer matter: those of batches up to a time. */
  forget(untilMs: number): void {
    if (this.#entries === undefined || untilMs <= this.#afterMs) return
    for (const [key, entry] of this.#entries) {
      if (entry.takenMs > untilMs) continue
      this.#entries.delete(key)
      this.#names.delete(nameOf(entry))
    }
    this.#afterMs = untilMs
    this.#small = this.#small.filter(({ sort }) => sort > sortableTime(untilMs + 1))
  }

  /** The name under which a file was taken that may have another one now. */
  nameOf(file: Pick<TakenFile, 'modifiedMs' | 'identity'>): string | undefined {
    return file.identity === undefined ? undefined : this.#names.get(nameOf(file))
  }

  /** Forgets all entries in memory: they may not be those of the store. */
  forgetAll(): void {
    this.#entries = undefined
    this.#small = []
  }

  /** Deletes the items of batches before a time, a page at a time. */
  async drop(beforeMs: number): Promise<void> {
    const { store } = this.#place
    const before = sortableTime(Math.max(0, beforeMs))
    for (;;) {
      const page = await store.query(partitionOf(this.#place), { limit: PAGE_ITEMS })
      const old = page.filter(({ sort }) => sort < before)
      if (old.length > 0) await store.deleteAll(old.map(keyOf))
      if (old.length < PAGE_ITEMS) return
    }
  }

  /** Joins small items into large ones, when there are many. Needs all entries in memory. */
  async fold(): Promise<void> {
    if (this.#small.length < SMALL_ITEMS_MAX) return
    const { store } = this.#place
    const read = await allOrFirstError(
      this.#small.map(async (key) => ({ ...keyOf(key), item: await store.get(key) })),
    )
    const found = read.filter((one): one is KeyedItem => one.item !== undefined)
    const folded = textsOf(found.flatMap(rowsIn)).map((text) => ({
      partition: partitionOf(this.#place),
      sort: foldedSort(text, found),
      item: { files: text },
    }))
    await store.putAll(folded)
    const kept = new Set(folded.map(({ sort }) => sort))
    await store.deleteAll(found.filter(({ sort }) => !kept.has(sort)).map(keyOf))
    this.#small = folded.filter((one) => isSmall(textIn(one))).map(keyOf)
  }

  #add(entries: Map<string, LedgerEntry>, rows: readonly Row[]): void {
    for (const [key, modifiedMs, takenMs, identity] of rows) {
      if ((entries.get(key)?.takenMs ?? -Infinity) > takenMs) continue
      const entry = { modifiedMs, takenMs, ...(identity === undefined ? {} : { identity }) }
      entries.set(key, entry)
      if (identity !== undefined) this.#names.set(nameOf(entry), key)
    }
  }

  async *#items(afterMs: number): AsyncGenerator<KeyedItem> {
    let after = sortableTime(Math.max(0, afterMs + 1))
    for (;;) {
      const page = await this.#place.store.query(partitionOf(this.#place), {
        after,
        limit: PAGE_ITEMS,
      })
      yield* page
      if (page.length < PAGE_ITEMS) return
      after = (page.at(-1) as KeyedItem).sort
    }
  }
}

const keyOf = ({ partition, sort }: ItemKey): ItemKey => ({ partition, sort })

/**
 * Sorts with the newest of the joined items, so that reading from a time on finds it. The rest of
 * the name is made of the content: two processes that join different items never write the same
 * name.
 */
const foldedSort = (text: string, items: readonly ItemKey[]): string => {
  const newest = items
    .map(({ sort }) => sort)
    .toSorted()
    .at(-1) as string
  return `${newest.split('#')[0]}#~${createHash('sha256').update(text).digest('hex')}`
}

/** A file with another time is another one: disks use their numbers again. */
const nameOf = ({ identity, modifiedMs }: Pick<LedgerEntry, 'identity' | 'modifiedMs'>): string =>
  `${identity}@${modifiedMs}`
