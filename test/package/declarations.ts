/**
 * What the compiler writes down for users: no `any`, in nothing that can be reached from what they
 * import.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { nodesOf, placeOf, type Source, sourceOf } from '../tidy/source.ts'

/** The declarations in `directory` that a file reaches by imports, itself included. */
export const declarationsReachedFrom = (entry: string, directory: string): readonly Source[] => {
  const reached = new Map<string, Source>()
  const reach = (path: string): void => {
    if (reached.has(path) || !existsSync(path)) return
    const source = sourceOf(relative(directory, path), readFileSync(path, 'utf8'))
    reached.set(path, source)
    for (const [, target] of source.text.matchAll(/(?:from|import) '(\.[^']+)\.[jt]s'/g))
      reach(join(dirname(path), `${target}.d.ts`))
  }
  reach(join(directory, entry))
  return [...reached.values()]
}

/** The places of `any`. */
export const anyIn = (source: Source): readonly string[] =>
  [...nodesOf(source)].flatMap(([node]) =>
    node.type === 'TSAnyKeyword' ? [placeOf(source, node.start)] : [],
  )
