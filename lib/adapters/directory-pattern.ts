/**
 * Watched paths with patterns in the names of directories, as in Hadoop: `logs/*`,
 * `logs/2026-??/app-{a,b}`, `logs/{a/x,b}`.
 */
import { isHiddenName } from '../ports/object-names.ts'
import { expandBraces, isPattern, nameMatcher } from './glob.ts'

/** Whether a directory of this name matches. */
export type NameMatch = (name: string) => boolean

/** A parsed watched path. */
export interface DirectoryPattern {
  /** The directory above the first pattern; the whole path if it has no pattern. */
  readonly base: string
  /**
   * The ways down from the base, each with one pattern for each directory name. A way without names
   * watches the base itself.
   */
  readonly ways: readonly (readonly NameMatch[])[]
  /** Whether the path has a pattern. */
  readonly isPattern: boolean
}

/**
 * Parses a path. `literal`: the length of the beginning of the path that has no patterns, whatever
 * characters it contains. It ends at the end of a name.
 */
export const parseDirectoryPattern = (path: string, literal = 0): DirectoryPattern => {
  const names = path.slice(literal).split('/')
  const first = names.findIndex(isPattern)
  if (first === -1) return { base: path, ways: [[]], isPattern: false }
  const base = path.slice(0, literal) + names.slice(0, first).join('/')
  const ways = expandBraces(names.slice(first).join('/')).map((way) =>
    way
      .split('/')
      .filter((name) => name !== '' && name !== '.')
      .map(matcherOf),
  )
  return { base: base === '' && path.startsWith('/') ? '/' : base || '.', ways, isPattern: true }
}

/**
 * A hidden directory matches only a pattern that begins with the same character. A pattern never
 * leads up.
 */
const matcherOf = (pattern: string): NameMatch => {
  const matches = nameMatcher(pattern)
  const begin = pattern.startsWith('\\') ? pattern[1] : pattern[0]
  return (name) => name !== '..' && (!isHiddenName(name) || name[0] === begin) && matches(name)
}

/** Whether a key, relative to the base, names a file directly in a matching directory. */
export const isInMatch = (key: string, { ways }: DirectoryPattern): boolean => {
  const directories = key.split('/').slice(0, -1)
  return ways.some(
    (names) =>
      directories.length === names.length &&
      names.every((matches, index) => matches(directories[index] as string)),
  )
}
