import { importsOf } from '../imports.ts'
import { type Findings, type Source } from '../source.ts'

const ENTRIES = ['lib/index.ts', 'lib/testing/index.ts', 'cli/main.ts']

/** Every file of lib/ and cli/ is reached from an entry of the package; an import for a type counts. */
export const deadFiles = (sources: readonly Source[]): Findings => {
  const targets = new Map(sources.map((source) => [source.path, importsOf(source).flatMap(({ target }) => target ?? [])]))
  const reached = new Set<string>()
  const reach = (path: string): void => {
    if (reached.has(path)) return
    reached.add(path)
    targets.get(path)?.forEach(reach)
  }
  ENTRIES.forEach(reach)
  const dead = sources.filter(({ path }) => /^(lib|cli)\//.test(path) && !reached.has(path))
  return dead.map(({ path }) => `${path} is reached from none of ${ENTRIES.join(', ')}`)
}
