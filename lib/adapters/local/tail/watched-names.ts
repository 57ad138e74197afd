/** The names of the files that are followed: a single one, or those that match a pattern. */
import { join, relative } from 'node:path'
import { isMillraceError } from '../../../base/errors.ts'
import type { ObjectSource } from '../../../ports/object-source.ts'
import { isInMatch } from '../../directory-pattern.ts'
import { localDirectories, parseLocalPattern } from '../local-directories.ts'

/** Files that are followed at the same time. Each is an open file, and a part of the mark. */
export const FILES_MAX = 500
/** New names are looked for this often. A pattern may mean a large directory. */
const LIST_EVERY_MS = 1_000

/** Whether a name says that the content is compressed. Then it has no lines, and never grows. */
export const isCompressedName = (name: string): boolean => /\.(gz|zst|bz2|xz|zip|tgz)$/i.test(name)

/** The names, as they are now. */
export interface WatchedNames {
  /** Whether a path is one of those that are followed, if it exists. */
  matches(path: string): boolean
  list(): Promise<readonly string[]>
}

/** Calls `say` with what is left out. */
export const watchedNames = (
  path: string,
  base: string,
  say: (message: string) => void,
): WatchedNames => {
  const pattern = parseLocalPattern(path, base)
  if (!pattern.isPattern) return { matches: (one) => one === path, list: async () => [path] }
  const files: ObjectSource = localDirectories({ path, base, warn: say })
  let listedMs = -Infinity
  let names: readonly string[] = []
  return {
    matches: (one) => isInMatch(relative(pattern.base, one), pattern) && !isCompressedName(one),
    async list() {
      const nowMs = Date.now()
      if (nowMs - listedMs < LIST_EVERY_MS && nowMs >= listedMs) return names
      listedMs = nowMs
      try {
        names = pathsOf(pattern.base, await files.list(), say)
      } catch (error) {
        if (!(isMillraceError(error) && error.retryable)) throw error
        say(error.message)
      }
      return names
    },
  }
}

/** The files that were written last come last. */
const pathsOf = (
  base: string,
  listed: Awaited<ReturnType<ObjectSource['list']>>,
  say: (message: string) => void,
): readonly string[] => {
  const byAge = listed.toSorted((a, b) => a.modifiedMs - b.modifiedMs || (a.key < b.key ? -1 : 1))
  const paths = byAge.map(({ key }) => join(base, key))
  const [packed, plain] = [
    paths.filter(isCompressedName),
    paths.filter((one) => !isCompressedName(one)),
  ]
  if (packed.length > 0) say(`compressed files never grow, and are left out, such as ${packed[0]}`)
  if (plain.length > FILES_MAX)
    say(`only the ${FILES_MAX} files that were written last are followed: more match the pattern`)
  return plain.slice(-FILES_MAX)
}
