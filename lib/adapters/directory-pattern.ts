/**
 * Watched paths with patterns in the names of their directories, as Hadoop has them: `logs/*`,
 * `logs/2026-??/app-{a,b}`.
 */
import { matchesGlob } from 'node:path'
import { isHiddenName } from '../ports/object-names.ts'

/** A watched path, taken apart. */
export interface DirectoryPattern {
  /** The directory above the first pattern; all of the path if there is none. */
  readonly base: string
  /** From the first pattern on, a pattern for each name below; none: the base itself is watched. */
  readonly names: readonly string[]
}

const isPattern = (name: string): boolean => /[*?[{]/.test(name)

/**
 * Takes a path apart. A `*` stands for any letters, `?` for one, `[ab]` for one of some,
 * `{one,two}` for one of some texts.
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
 * Whether a directory of this name matches. A hidden one is meant only by a pattern that begins as
 * it does.
 */
export const matchesName = (name: string, pattern: string): boolean =>
  (!isHiddenName(name) || (name[0] === pattern[0] && name !== '..')) && matchesGlob(name, pattern)

/** Whether a key, relative to the base, is of a file directly in a directory that matches. */
export const isInMatch = (key: string, { names }: DirectoryPattern): boolean => {
  const directories = key.split('/').slice(0, -1)
  return (
    directories.length === names.length &&
    names.every((pattern, index) => matchesName(directories[index] as string, pattern))
  )
}
