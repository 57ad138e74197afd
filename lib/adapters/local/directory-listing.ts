/**
 * The files of one directory, listed again and again. A directory may hold 100,000 files, so a
 * listing asks only for what may have changed:
 *
 * - The names are read again when the time of the directory has changed. A directory that changed
 *   in the last seconds is read again in any case, because times may be coarse.
 * - The status is read of names that are new, of files that still move, of files that the system
 *   says have changed (`fs.watch`), and of some others in turn. So a change is also found where the
 *   system says nothing; in a directory of up to {@link CHECKED_AT_A_TIME} files, at once.
 */
import { type Dirent, type FSWatcher, type Stats, watch } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { mapAtOnce } from '../../base/concurrency.ts'
import type { ObjectSummary } from '../../ports/object-source.ts'

/** When a file counts as complete. */
export interface Stability {
  /** A file whose time or size has changed within this time waits, in milliseconds. 0: none. */
  readonly forMs: number
  /**
   * Whether a listing waits to see whether new files still move, instead of leaving them to the
   * next listing. For a run that lists once and ends.
   */
  readonly isAwaited?: boolean
}

/** What a listing works with. */
export interface ListingParts {
  readonly path: string
  readonly isWatched: (entry: Dirent) => boolean
  /** The status of a file. Undefined: the entry is left out. */
  readonly statusOf: (entry: Dirent) => Promise<Stats | undefined>
  /** Throws what reading the directory has thrown, as an error of Millrace. */
  readonly failed: (error: unknown) => never
  readonly stability: Stability
}

interface KnownFile {
  readonly modifiedMs: number
  readonly sizeBytes: number
  readonly changedMs: number
  /** The file on its disk. */
  readonly identity: string
  /** When this time and size were first seen, by the clock of this machine. */
  readonly sinceMs: number
}

/** The number of files whose status is read in any case. */
const CHECKED_AT_A_TIME = 2_000
/** The others are checked in turn once in this time, however often the directory is listed. */
const TURN_MS = 500
const STATS_AT_ONCE = 256
/** File systems round times to 2 s at most. */
const COARSE_MS = 2_000
/** The names are read at least this often: the clock of a file system may be another one. */
const REREAD_MS = 30_000
/** How long an awaited listing looks whether a file moves: a copy writes all the time. */
const AWAITED_MS_MAX = 300

/**
 * The time by which files are selected. Listing and reading must round it in the same way;
 * otherwise no listed file could be read.
 */
export const modifiedMsOf = (stats: Stats): number => Math.floor(stats.mtimeMs)

/** Lists one directory. */
export class DirectoryListing {
  readonly #parts: ListingParts
  #entries: ReadonlyMap<string, Dirent> = new Map()
  #names: readonly string[] = []
  #readMs = -Infinity
  #directoryMs = Number.NaN
  readonly #files = new Map<string, KnownFile>()
  #moving: readonly string[] = []
  /** The names that the system says have changed. */
  readonly #changed = new Set<string>()
  #watcher: FSWatcher | undefined
  #turn = 0
  #turnMs = -Infinity

  constructor(parts: ListingParts) {
    this.#parts = parts
  }

  /** The files that the last listing left out, because they may still be written. */
  get moving(): readonly string[] {
    return this.#moving
  }

  /**
   * By how much the clock of the disk is ahead, as far as files show: no program can give a file a
   * status that is newer than that clock.
   */
  get aheadMs(): number {
    const nowMs = Date.now()
    return this.#files
      .values()
      .reduce((most, { changedMs }) => Math.max(most, changedMs - nowMs), 0)
  }

  /** The files that are complete. */
  async list(): Promise<readonly ObjectSummary[]> {
    const { stability } = this.#parts
    await this.#readNames()
    await this.#check(this.#due())
    this.#sort()
    if (stability.isAwaited === true && this.#moving.length > 0) {
      await sleep(Math.min(stability.forMs, AWAITED_MS_MAX))
      await this.#check(this.#moving)
      this.#sort()
    }
    const moving = new Set(this.#moving)
    return [...this.#files].flatMap(([key, known]) => {
      const { sinceMs: _, ...file } = known
      return moving.has(key) ? [] : [{ key, ...file }]
    })
  }

  async #readNames(): Promise<void> {
    const { path, failed, isWatched } = this.#parts
    const nowMs = Date.now()
    try {
      const { mtimeMs } = await stat(path)
      const isKnown = mtimeMs === this.#directoryMs && this.#readMs - mtimeMs > COARSE_MS
      if (isKnown && nowMs - this.#readMs < REREAD_MS && nowMs >= this.#readMs) return
      const entries = await readdir(path, { withFileTypes: true })
      this.#directoryMs = mtimeMs
      this.#readMs = nowMs
      const watched = entries.filter(isWatched)
      this.#entries = new Map(watched.map((entry) => [entry.name, entry]))
      this.#names = [...this.#entries.keys()]
      for (const name of this.#files.keys()) if (!this.#entries.has(name)) this.#files.delete(name)
    } catch (error) {
      this.#forget()
      failed(error)
    }
    this.#watch()
  }

  /** The directory may have been replaced by another one. */
  #forget(): void {
    this.#directoryMs = Number.NaN
    this.#files.clear()
    this.#watcher?.close()
    this.#watcher = undefined
  }

  /** Only where not all files are checked in each listing. */
  #watch(): void {
    if (this.#watcher !== undefined || this.#names.length <= CHECKED_AT_A_TIME) return
    try {
      const watcher = watch(this.#parts.path, { persistent: false }, (_, name) => {
        if (name !== null) this.#changed.add(name)
      })
      watcher.on('error', () => watcher.close())
      this.#watcher = watcher
    } catch {
      // The others are checked in turn.
    }
  }

  /** The names whose status is read now. */
  #due(): readonly string[] {
    const names = this.#names
    const changed = [...this.#changed]
    // Also in a directory that has become small: names would pile up.
    this.#changed.clear()
    if (names.length <= CHECKED_AT_A_TIME) return names
    const due = new Set(this.#moving)
    for (const name of names) if (!this.#files.has(name)) due.add(name)
    for (const name of changed) if (this.#entries.has(name)) due.add(name)
    const nowMs = Date.now()
    if (nowMs - this.#turnMs < TURN_MS && nowMs >= this.#turnMs) return [...due]
    this.#turnMs = nowMs
    for (let i = 0; i < CHECKED_AT_A_TIME; i++) {
      due.add(names[this.#turn % names.length] as string)
      this.#turn += 1
    }
    return [...due]
  }

  async #check(names: readonly string[]): Promise<void> {
    await mapAtOnce(names, STATS_AT_ONCE, async (name) => {
      const entry = this.#entries.get(name)
      const stats = entry && (await this.#parts.statusOf(entry))
      if (stats === undefined) {
        this.#files.delete(name)
        return
      }
      const [modifiedMs, sizeBytes] = [modifiedMsOf(stats), stats.size]
      const known = this.#files.get(name)
      const changedMs = Math.floor(stats.ctimeMs)
      const isSame = known?.modifiedMs === modifiedMs && known.sizeBytes === sizeBytes
      if (isSame && known.changedMs === changedMs) return
      const identity = `${stats.dev}:${stats.ino}:${sizeBytes}`
      const sinceMs = isSame ? known.sinceMs : Date.now()
      this.#files.set(name, { modifiedMs, sizeBytes, changedMs, identity, sinceMs })
    })
  }

  /** Finds the files that may still be written. */
  #sort(): void {
    const { forMs, isAwaited } = this.#parts.stability
    if (forMs === 0) return
    const nowMs = Date.now()
    const neededMs = isAwaited === true ? Math.min(forMs, AWAITED_MS_MAX) : forMs
    this.#moving = [...this.#files].flatMap(([name, { modifiedMs, sinceMs }]) => {
      const isOld = modifiedMs <= nowMs && nowMs - modifiedMs >= neededMs
      return isOld || nowMs - sinceMs >= neededMs ? [] : [name]
    })
  }
}
