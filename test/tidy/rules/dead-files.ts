import { importsOf, OWN_NAMES } from '../imports.ts'
import { type Findings, type Source } from '../source.ts'

const ENTRIES = [
  ...Object.values(OWN_NAMES),
  'cli/main.ts',
  'functions/intake.ts',
  'functions/driver.ts',
  'functions/driver-with-executors.ts',
  'functions/driver-with-threads.ts',
  'functions/executor.ts',
  'functions/executor-thread.ts',
  'functions/generation.ts',
  'infra/app.ts',
  'infra/example.ts',
  'infra/print-plan.ts',
  'lib/adapters/local/watchdog-thread.ts',
  'cli/executor-thread.ts',
  'cli/dev/dev-process.ts',
]

/**
 * Every file that ships is reached from an entry of the package: by an import, one for a type, or
 * one that loads it later.
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
  for (const entry of ENTRIES) reach(entry)
  const dead = sources.filter(
    ({ path }) => /^(lib|cli|functions|infra)\/.*(?<!\.d)\.ts$/.test(path) && !reached.has(path),
  )
  return dead.map(
    ({ path }) => `${path} is reached from no file that is run or imported from outside`,
  )
}
