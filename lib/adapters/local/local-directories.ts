import { readdir, stat } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { MillraceError } from '../../base/errors.ts'
import type { ObjectContent, ObjectSource, ObjectSummary } from '../../ports/object-source.ts'
import { isInMatch, matchesName, parseDirectoryPattern } from '../directory-pattern.ts'
import { localDirectory, type LocalDirectoryOptions, readableDirectory } from './local-directory.ts'

const isMissing = (error: unknown): boolean =>
  error instanceof MillraceError && error.code === 'DIRECTORY_MISSING'

const isDirectory = (path: string): Promise<boolean> =>
  stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  )

/** The directories below another one whose names match. A missing directory has none. */
const directoriesIn = async (
  base: string,
  above: string,
  pattern: string,
): Promise<readonly string[]> => {
  const names = await readdir(join(base, above)).catch(() => [])
  const matching = names.filter((name) => matchesName(name, pattern)).toSorted()
  const found = await Promise.all(matching.map((name) => isDirectory(join(base, above, name))))
  return matching.filter((_, index) => found[index]).map((name) => posix.join(above, name))
}

/**
 * The files directly in all directories that match a path with patterns, as one {@link
 * ObjectSource}. A directory that appears later, or is moved there, is watched from then on. Keys
 * are paths below the part of the path before the first pattern. A path without patterns is one
 * directory.
 *
 * @example
 * ```ts
 * const logs = localDirectories({ path: './logs/app-*', warn: console.warn })
 * ```
 */
export const localDirectories = ({ path, warn }: LocalDirectoryOptions): ObjectSource => {
  const pattern = parseDirectoryPattern(path)
  const { base, names } = pattern
  if (names.length === 0) return localDirectory({ path, warn })
  const opened = new Map<string, ObjectSource>()
  const open = (directory: string): ObjectSource => {
    const source = opened.get(directory) ?? localDirectory({ path: join(base, directory), warn })
    opened.set(directory, source)
    return source
  }
  const listOne = async (directory: string): Promise<readonly ObjectSummary[]> => {
    try {
      return (await open(directory).list()).map((summary) => ({
        ...summary,
        key: posix.join(directory, summary.key),
      }))
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
      let directories: readonly string[] = ['']
      for (const name of names)
        directories = (
          await Promise.all(directories.map((above) => directoriesIn(base, above, name)))
        ).flat()
      const listed: ObjectSummary[] = []
      for (const directory of directories) listed.push(...(await listOne(directory)))
      return listed
    },
    async read(summary: ObjectSummary): Promise<ObjectContent> {
      if (!isInMatch(summary.key, pattern)) return { found: false, gone: 'missing' }
      try {
        return await open(posix.dirname(summary.key)).read({
          ...summary,
          key: posix.basename(summary.key),
        })
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
