/**
 * Watched paths with patterns in the names of directories, as in Hadoop, and of files: `logs/*`,
 * `logs/2026-??/app-{a,b}`, `logs/{a/x,b}`, `logs/*.log`.
 */
import { isCopying, isHiddenName } from '../ports/object-names.ts'
import { expandBraces, isPattern, nameMatcher } from './glob.ts'

/** Whether a directory or a file of this name matches. */
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
  /**
   * The ways to files: the patterns of their directories, and at last that of the name. A path that
   * ends with `*` alone, or with a slash, means directories only, as in Spark.
   */
  readonly files: readonly (readonly NameMatch[])[]
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
  if (first === -1) return { base: path, ways: [[]], files: [], isPattern: false }
  const base = path.slice(0, literal) + names.slice(0, first).join('/')
  const written = expandBraces(names.slice(first).join('/'))
  return {
    base: base === '' && path.startsWith('/') ? '/' : base || '.',
    ways: written.map(matchersOf),
    files: written.filter((way) => !/(^|\/)\**$/.test(way)).map(matchersOf),
    isPattern: true,
  }
}

const matchersOf = (way: string): readonly NameMatch[] =>
  way
    .split('/')
    .filter((name) => name !== '' && name !== '.')
    .map(matcherOf)

/**
 * A hidden name matches only a pattern that begins with the same character, and a name of a copy
 * that is not complete matches none. A pattern never leads up.
 */
const matcherOf = (pattern: string): NameMatch => {
  const matches = nameMatcher(pattern)
  const begin = pattern.startsWith('\\') ? pattern[1] : pattern[0]
  const isShown = (name: string): boolean =>
    !isHiddenName(name) || (/^[._]/.test(name) && name[0] === begin && !isCopying(name))
  return (name) => name !== '..' && isShown(name) && matches(name)
}

/** Whether a key, relative to the base, names a matching file, or one in a matching directory. */
export const isInMatch = (key: string, { ways, files }: DirectoryPattern): boolean => {
  const names = key.split('/')
  const follow = (matchers: readonly NameMatch[], way: readonly string[]): boolean =>
    way.length === matchers.length &&
    matchers.every((matches, index) => matches(way[index] as string))
  if (files.some((matchers) => follow(matchers, names))) return true
  const isShown = !isHiddenName(names.at(-1) as string)
  return isShown && ways.some((matchers) => follow(matchers, names.slice(0, -1)))
}
