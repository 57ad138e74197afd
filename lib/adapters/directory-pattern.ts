/**
 * Watched paths with patterns in the names of directories, as in Hadoop: `logs/*`,
 * `logs/2026-??/app-{a,b}`.
 */
import { matchesGlob } from 'node:path'
import { isHiddenName } from '../ports/object-names.ts'

/** A parsed watched path. */
export interface DirectoryPattern {
  /** The directory above the first pattern; the whole path if it has no pattern. */
  readonly base: string
  /**
   * One pattern for each directory name from the first pattern on. Empty: the base itself is
   * watched.
   */
  readonly names: readonly string[]
}

const isPattern = (name: string): boolean => /[*?[{]/.test(name)

/**
 * Parses a path. A `*` matches any characters, `?` one character, `[ab]` one of several characters,
 * and `{one,two}` one of several texts.
 */
export const parseDirectoryPattern = (path: string): DirectoryPattern => {
  const names = path.split('/')
  const first = names.findIndex(isPattern)
  if (first === -1) return { base: path, names: [] }
  const base = names.slice(0, first).join('/')
  return {
    base: base === '' && path.startsWith('/') ? '/' : base || '.',
    names: names.slice(first).filter((name) => name !== ''),
  }
}

/**
 * Whether a directory of this name matches. A hidden directory matches only a pattern that begins
 * with the same character.
 */
export const matchesName = (name: string, pattern: string): boolean =>
  (!isHiddenName(name) || (name[0] === pattern[0] && name !== '..')) && matchesGlob(name, pattern)

/** Whether a key, relative to the base, names a file directly in a matching directory. */
export const isInMatch = (key: string, { names }: DirectoryPattern): boolean => {
  const directories = key.split('/').slice(0, -1)
  return (
    directories.length === names.length &&
    names.every((pattern, index) => matchesName(directories[index] as string, pattern))
  )
}
