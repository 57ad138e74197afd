import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, posix } from 'node:path'
import { mapAtOnce } from '../../base/concurrency.ts'
import { isMillraceError } from '../../base/errors.ts'
import type {
  ByteRange,
  ObjectContent,
  ObjectSource,
  ObjectSummary,
} from '../../ports/object-source.ts'
import {
  type DirectoryPattern,
  isInMatch,
  type NameMatch,
  parseDirectoryPattern,
} from '../directory-pattern.ts'
import { isHiddenName } from '../../ports/object-names.ts'
import { isPattern } from '../glob.ts'
import { type LeaveOut, leaveOutOnce } from './left-out.ts'
import {
  isBelow,
  localDirectory,
  type LocalDirectoryOptions,
  readableDirectory,
} from './local-directory.ts'

const DIRECTORIES_AT_ONCE = 16

const isMissing = (error: unknown): boolean =>
  isMillraceError(error) && error.code === 'DIRECTORY_MISSING'

const isDirectory = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true

/** Whether a path names a single file of this machine, or a link to one. */
export const isFile = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isFile() === true

/** A single file. Who names a file means it, so a link to it may lead anywhere. */
const oneFile = (path: string, how: Pick<LocalDirectoryOptions, 'warn' | 'stability'>) => {
  const real = realpathSync(path)
  return {
    ...localDirectory({
      path: dirname(real),
      ...how,
      isWatched: (name) => name === basename(real),
    }),
    description: `file ${path}`,
    isNamed: true,
  } satisfies ObjectSource
}

/**
 * Parses a watched path of this machine. What names an existing directory or file is literal,
 * whatever characters it contains: a pattern begins at the first name with characters of patterns
 * that is the name of neither.
 *
 * @param base The beginning of the path that is literal in any case, such as the directory in which
 * the process runs. Default: nothing.
 */
export const parseLocalPattern = (path: string, base = ''): DirectoryPattern => {
  let literal = path.startsWith(base) ? base.length : 0
  for (const [part] of path.slice(literal).matchAll(/\/*[^/]*/g)) {
    const upTo = path.slice(0, literal + part.length)
    if (isPattern(part) && !isDirectory(upTo) && !isFile(upTo)) break
    literal = upTo.length
  }
  return parseDirectoryPattern(path, literal)
}

/** Which files of a directory are watched, by their names. */
type Watched = (name: string) => boolean

const isShownName: Watched = (name) => !isHiddenName(name)

/** Finds directories that match, and those in which files may match. */
class Finder {
  readonly #base: string
  readonly #leaveOut: LeaveOut

  constructor(base: string, leaveOut: LeaveOut) {
    this.#base = base
    this.#leaveOut = leaveOut
  }

  /** The directories to watch, each once, and which of their files. */
  async find({ ways, files }: DirectoryPattern): Promise<ReadonlyMap<string, Watched>> {
    const found = new Map<string, Watched>()
    const add = (directory: string, matches: Watched): void => {
      const other = found.get(directory)
      const both: Watched = (name) => other?.(name) === true || matches(name)
      found.set(directory, other === undefined ? matches : both)
    }
    for (const way of ways)
      for (const directory of new Set(await this.#follow(way))) add(directory, isShownName)
    for (const way of files)
      for (const directory of new Set(await this.#follow(way.slice(0, -1))))
        add(directory, way.at(-1) as NameMatch)
    return new Map([...found].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }

  async #follow(names: readonly NameMatch[]): Promise<readonly string[]> {
    let directories: readonly string[] = ['']
    for (const name of names)
      directories = (await Promise.all(directories.map((above) => this.#below(above, name)))).flat()
    return directories
  }

  /** The directories below another one whose names match. A missing directory has none. */
  async #below(above: string, matches: NameMatch): Promise<readonly string[]> {
    const at = join(this.#base, above)
    const entries = await readdir(at, { withFileTypes: true }).catch(() => [])
    const matching = entries.filter(({ name }) => matches(name))
    const kept = await Promise.all(matching.map((entry) => this.#isKept(entry, at)))
    return matching.filter((_, index) => kept[index]).map(({ name }) => posix.join(above, name))
  }

  async #isKept(entry: Dirent, above: string): Promise<boolean> {
    if (!entry.isSymbolicLink()) return entry.isDirectory()
    const path = join(above, entry.name)
    try {
      if (!(await stat(path)).isDirectory()) return false
      if (await isBelow(this.#base, await realpath(path))) return true
      this.#leaveOut(path, 'it is a link that leads out of the watched directory')
      return false
    } catch {
      return false
    }
  }
}

/** Settings of {@link localDirectories}. */
export interface LocalDirectoriesOptions extends LocalDirectoryOptions {
  /** The beginning of the path that has no patterns in any case. Default: nothing. */
  readonly base?: string
}

/**
 * The files that match a path with patterns, and those directly in all directories that match it,
 * as one {@link ObjectSource}. A directory that appears later, or is moved there, is watched from
 * then on. Keys are paths below the part of the path before the first pattern. A path without
 * patterns is one directory, or a single file if there is one.
 *
 * @example
 * ```ts
 * const logs = localDirectories({ path: './logs/app-*', warn: console.warn })
 * ```
 */
export const localDirectories = (options: LocalDirectoriesOptions): ObjectSource => {
  const { path, warn, stability } = options
  const how = { warn, ...(stability === undefined ? {} : { stability }) }
  const pattern = parseLocalPattern(path, options.base)
  const { base } = pattern
  if (!pattern.isPattern)
    return isFile(path) ? oneFile(path, how) : localDirectory({ path, ...how })
  const leaveOut = leaveOutOnce(warn)
  const finder = new Finder(base, leaveOut)
  let opened = new Map<string, ObjectSource>()
  const open = (directory: string, isWatched: Watched = isShownName): ObjectSource =>
    opened.get(directory) ??
    localDirectory({ path: join(base, directory), ...how, root: base, isWatched, leaveOut })
  const listOne = async (directory: string): Promise<readonly ObjectSummary[]> => {
    try {
      return await open(directory).list()
    } catch (error) {
      // Moved away after its name was read.
      if (isMissing(error)) return []
      throw error
    }
  }
  return {
    description: `directories ${path}`,
    async list(): Promise<readonly ObjectSummary[]> {
      // It is normal that no directory matches, but the base must exist.
      await readableDirectory(base)
      const found = await finder.find(pattern)
      const directories = [...found.keys()]
      // Only those that are there now are kept: names may change every day.
      opened = new Map([...found].map(([directory, names]) => [directory, open(directory, names)]))
      const listed = await mapAtOnce(directories, DIRECTORIES_AT_ONCE, listOne)
      return listed.flatMap((summaries, index) =>
        summaries.map((summary) => ({
          ...summary,
          key: posix.join(directories[index] as string, summary.key),
        })),
      )
    },
    moving: () =>
      [...opened].flatMap(([directory, source]) =>
        (source.moving?.() ?? []).map((name) => posix.join(directory, name)),
      ),
    async read(summary: ObjectSummary, range?: ByteRange): Promise<ObjectContent> {
      if (!isInMatch(summary.key, pattern)) return { found: false, gone: 'missing' }
      const directory = posix.dirname(summary.key)
      try {
        const own = { ...summary, key: posix.basename(summary.key) }
        return await open(directory === '.' ? '' : directory).read(own, range)
      } catch (error) {
        if (!isMissing(error)) throw error
        // The directory of the file may be gone. If the base is gone too, this throws: the base may
        // come back.
        await readableDirectory(base)
        return { found: false, gone: 'missing' }
      }
    },
  }
}
