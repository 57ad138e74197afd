/**
 * Sees when files are saved, by looking at them again and again. What an editor does while it saves
 * (a new file that is renamed, two writes, a touch without a change) is one change or none: what
 * counts is the content, when it has not changed between two looks.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** What is watched. */
export interface Watched {
  /** Paths of files. */
  readonly files: readonly string[]
  /** A file that should be there. */
  readonly missing?: string | undefined
  /** Whether the names beside these files count too: a new one may be what was missing. */
  readonly hasNames: boolean
}

/** The digest of what stands in a file. */
export const digestOf = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex')

const GONE = 'gone'

type Look = readonly [status: string, digest: string]

/** Some files as they are. */
export class FileState {
  readonly #watched: Watched
  /** By path: the status, and the digest of the content when it had this status. */
  readonly #known: ReadonlyMap<string, Look>

  private constructor(watched: Watched, known: ReadonlyMap<string, Look>) {
    this.#watched = watched
    this.#known = known
  }

  /** Looks at files. */
  static async look(watched: Watched): Promise<FileState> {
    return new FileState(watched, new Map()).again()
  }

  /** Looks at the same files again. Reads only those whose status is another one. */
  async again(): Promise<FileState> {
    const { files, missing, hasNames } = this.#watched
    const known = new Map<string, Look>()
    for (const path of [...files, ...(missing === undefined ? [] : [missing])])
      known.set(path, await lookAt(path, this.#known.get(path)))
    for (const place of hasNames ? new Set(files.map((path) => dirname(path))) : [])
      known.set(place, ['', await namesIn(place)])
    return new FileState(this.#watched, known)
  }

  /** The files as they were when they were loaded, or as they were earlier. */
  asLoaded(digests: Readonly<Record<string, string>>, earlier: FileState): FileState {
    const known = [...this.#known].map(([path, [, now]]): [string, Look] => {
      const digest = digests[path] ?? earlier.#known.get(path)?.[1] ?? now
      return [path, ['', digest]]
    })
    return new FileState(this.#watched, new Map(known))
  }

  /** These files as well, unless they are watched: as they were when they were loaded. */
  with(digests: Readonly<Record<string, string>>): FileState {
    const added = Object.entries(digests).filter(([path]) => !this.#known.has(path))
    if (added.length === 0) return this
    const files = [...this.#watched.files, ...added.map(([path]) => path)]
    const known = added.map(([path, digest]): [string, Look] => [path, ['', digest]])
    return new FileState({ ...this.#watched, files }, new Map([...this.#known, ...known]))
  }

  /** Whether all files have the same content, or are missing in both. */
  isSame(other: FileState): boolean {
    return [...this.#known].every(([path, [, digest]]) => other.#known.get(path)?.[1] === digest)
  }

  /** Whether a file that was there is not there now: it may be on its way. */
  lacks(other: FileState): boolean {
    return [...this.#known].some(
      ([path, [, digest]]) => digest === GONE && other.#known.get(path)?.[1] !== GONE,
    )
  }
}

const lookAt = async (path: string, known: Look | undefined): Promise<Look> => {
  try {
    const { mtimeMs, size, ino } = await stat(path)
    const status = `${mtimeMs} ${size} ${ino}`
    return known?.[0] === status ? known : [status, digestOf(await readFile(path))]
  } catch {
    return ['', GONE]
  }
}

const namesIn = async (directory: string): Promise<string> => {
  try {
    return (await readdir(directory)).toSorted().join('\n')
  } catch {
    return GONE
  }
}
