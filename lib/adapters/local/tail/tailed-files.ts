/**
 * The files that are followed, each known by its inode. A file that was renamed is read to its end
 * before the one that has its name now. So lines stay in the order in which they were written.
 */
import type { BigIntStats } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { ReceiverSink } from '../../../ports/receiver.ts'
import { type FileMark, idOf, TailedFile } from './tailed-file.ts'
import type { WatchedNames } from './watched-names.ts'

/** A file without a name that is followed is let go when it has not changed for so long. */
const GONE_KEPT_MS = 60_000
/** Marks of files that are bound no more, in case that they are bound again. */
const OTHER_MARKS_MAX = 100

const statusOf = (path: string): Promise<BigIntStats | undefined> =>
  stat(path, { bigint: true }).catch(() => undefined)

/** The files, and how far each is read. */
export class TailedFiles {
  readonly #names: WatchedNames
  readonly #sink: ReceiverSink
  readonly #lineBytesMax: number | undefined
  /** By the identity of the file, in the order in which they were found. */
  readonly #files = new Map<string, TailedFile>()
  #others: readonly FileMark[] = []
  /** Files that could not be opened. They are said once. */
  readonly #unreadable = new Set<string>()
  /** Whether there is a file of which no mark may be stored, or that begins anew. */
  #isMarkNew = false
  /** Whether nothing new is opened any more. */
  #isClosed = false

  constructor(names: WatchedNames, sink: ReceiverSink, lineBytesMax: number | undefined) {
    this.#names = names
    this.#sink = sink
    this.#lineBytesMax = lineBytesMax
  }

  get isEmpty(): boolean {
    return this.#files.size === 0
  }

  /**
   * Whether the marks must be stored although no line is: a file that is renamed while nothing runs
   * is found again by its mark alone.
   */
  takeIsMarkNew(): boolean {
    const isNew = this.#isMarkNew
    this.#isMarkNew = false
    return isNew
  }

  marks(): readonly FileMark[] {
    return [...this.#others, ...[...this.#files.values()].map(({ mark }) => mark)]
  }

  /** Opens the files of the last run again, also those that were renamed meanwhile. */
  async resume(marks: readonly FileMark[]): Promise<void> {
    this.#others = marks.filter(({ path }) => !this.#names.matches(path)).slice(-OTHER_MARKS_MAX)
    for (const mark of marks) if (this.#names.matches(mark.path)) await this.#resumeOne(mark)
  }

  /** Opens what is there now, and nothing later. What is written later is not read. */
  async endHere(): Promise<void> {
    await this.#findNew()
    this.#isClosed = true
    for (const file of this.#files.values()) await file.endHere()
  }

  /** The files that may have new lines, those that were renamed first. */
  async changed(): Promise<readonly TailedFile[]> {
    const seen = this.#isClosed ? new Map<string, BigIntStats>() : await this.#findNew()
    const changed: TailedFile[] = []
    for (const file of this.#files.values()) {
      if (!(await file.hasChanged(seen.get(file.id)))) continue
      const readBytes = await file.beginAnewIfCut()
      if (readBytes !== undefined) this.#isMarkNew = true
      if (readBytes !== undefined)
        this.#sink.report(
          `${file.path} was cut or written anew after ${readBytes} bytes of it were read. ` +
            'It is read from its beginning. Lines that were removed before they were read are lost',
        )
      changed.push(file)
    }
    return changed.toSorted((a, b) => (a.goneMs ?? Infinity) - (b.goneMs ?? Infinity) || 0)
  }

  /** Closes the files without a name that are read and have not changed for long. */
  async letGo(): Promise<void> {
    const nowMs = Date.now()
    for (const file of this.#files.values()) {
      const { goneMs, changedMs } = file
      if (goneMs === undefined || nowMs - Math.max(goneMs, changedMs) < GONE_KEPT_MS) continue
      // Lines may be left to read, or were written while others were stored.
      if (await file.hasChanged()) {
        file.lookAgain()
        continue
      }
      await this.#sayRest(file, 'was renamed or removed')
      this.#files.delete(file.id)
      await file.close()
    }
  }

  /** Says which files have a last line without an end. */
  async sayUnfinished(): Promise<void> {
    for (const file of this.#files.values())
      await this.#sayRest(file, 'waits for the end of a line')
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) await file.close()
    this.#files.clear()
  }

  async #sayRest(file: TailedFile, why: string): Promise<void> {
    const restBytes = (await file.size()) - file.offset
    if (restBytes > 0)
      this.#sink.report(`${file.path} ${why}: ${restBytes} bytes without a line end are not read`)
  }

  /** Notes where the names lead now, and opens new files. Returns the status of each by its id. */
  async #findNew(): Promise<ReadonlyMap<string, BigIntStats>> {
    const seen = new Map<string, BigIntStats>()
    const found: (readonly [id: string, path: string])[] = []
    for (const path of await this.#names.list()) {
      const status = await statusOf(path)
      if (status?.isFile() !== true || seen.has(idOf(status))) continue
      seen.set(idOf(status), status)
      found.push([idOf(status), path])
    }
    for (const file of this.#files.values()) {
      if (seen.has(file.id)) file.goneMs = undefined
      else file.goneMs ??= Date.now()
    }
    for (const [id, path] of found) {
      const known = this.#files.get(id)
      if (known === undefined) await this.#openNew(path)
      else known.path = path
    }
    return seen
  }

  async #openNew(path: string): Promise<TailedFile | undefined> {
    try {
      const file = await TailedFile.open(path, this.#lineBytesMax)
      this.#unreadable.delete(path)
      // Another file may have got the name since. Then this one is known already.
      const known = this.#files.get(file.id)
      if (known !== undefined) await file.close()
      else {
        this.#files.set(file.id, file)
        this.#isMarkNew = true
      }
      return known ?? file
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' && !this.#unreadable.has(path))
        this.#sink.report(`${path} cannot be read, and is tried again: ${String(error)}`)
      this.#unreadable.add(path)
      return undefined
    }
  }

  async #resumeOne(mark: FileMark): Promise<void> {
    const path = await pathOf(mark)
    const file = path === undefined ? undefined : await this.#openNew(path)
    if (file !== undefined && (await file.resume(mark))) {
      if (path !== mark.path && (await file.size()) > mark.offset)
        this.#sink.report(`${mark.path} is now ${path}, and is read to its end`)
      return
    }
    if (file !== undefined && path !== mark.path) {
      // The inode belongs to another file now.
      this.#files.delete(file.id)
      await file.close()
    }
    this.#sink.report(
      file !== undefined && path === mark.path
        ? `${mark.path} was cut or replaced while nothing ran. It is read from its beginning. ` +
            `Lines after byte ${mark.offset}, if it had any, are lost`
        : `${mark.path} was replaced or removed while nothing ran, and the old file is not in ` +
            `its directory. Lines after byte ${mark.offset}, if it had any, are lost`,
    )
  }
}

/**
 * Where the file of a mark is now: under its name, or under another one in the same directory. Of a
 * file that was empty only the inode is known, and systems use inodes again: so its new name must
 * begin with the old one, as names do that log rotation gives.
 */
const pathOf = async ({ path, id, head }: FileMark): Promise<string | undefined> => {
  const isIt = async (one: string): Promise<boolean> => {
    const status = await statusOf(one)
    return status?.isFile() === true && idOf(status) === id
  }
  if (await isIt(path)) return path
  const directory = dirname(path)
  const names = await readdir(directory).catch(() => [])
  for (const name of names.filter((one) => head > 0 || one.startsWith(basename(path))))
    if (await isIt(join(directory, name))) return join(directory, name)
  return undefined
}
