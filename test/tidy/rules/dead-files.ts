import { importsOf } from '../imports.ts'
import { type Findings, type Source } from '../source.ts'

const ENTRIES = [
  'lib/index.ts',
  'lib/testing/index.ts',
  'cli/main.ts',
  'functions/intake.ts',
  'functions/driver.ts',
  'infra/index.ts',
]
/**
 * What functions on AWS and the command line load one by one, so that each carries only the clients
 * it needs.
 */
const LOADED_ALONE = [
  ...[
    'clients',
    'packages',
    'dynamodb-item-store',
    's3-output-files',
    's3-blob-store',
    's3-objects',
  ].map((name) => `aws/${name}`),
  'blob-item-store',
  'memory/memory-blob-store',
].map((name) => `lib/adapters/${name}.ts`)

/**
 * Every file of lib/ and cli/ is reached from an entry of the package; an import for a type counts.
 */
export const deadFiles = (sources: readonly Source[]): Findings => {
  const targets = new Map(
    sources.map((source) => [source.path, importsOf(source).flatMap(({ target }) => target ?? [])]),
  )
  const reached = new Set<string>()
  const reach = (path: string): void => {
    if (reached.has(path)) return
    reached.add(path)
    targets.get(path)?.forEach(reach)
  }
  for (const entry of [...ENTRIES, ...LOADED_ALONE]) reach(entry)
  const dead = sources.filter(({ path }) => /^(lib|cli)\//.test(path) && !reached.has(path))
  return dead.map(({ path }) => `${path} is reached from none of ${ENTRIES.join(', ')}`)
}
