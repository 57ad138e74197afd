import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// In tests and examples, `import 'millrace'` means the sources and not the last build: see
// docs/internals/decisions/0002-source-condition.md.
const conditions = ['millrace-source', 'node']

const testsIn = (folder: string): string => `test/${folder}/**/*.test.ts`

/** Tests that start processes, and spend their time there. */
const WITH_PROCESSES = ['examples', 'growth', 'simulation'].map(testsIn)

/** Tests of commands, which share processes that carry out many. */
const WITH_COMMANDS = ['process'].map(testsIn)

/** Tests of the packed package. They share one tarball. */
const PACKED = testsIn('package')

/** Tests that load the CDK. */
const WITH_CDK = ['infra'].map(testsIn)

/**
 * The files of these run one after another in the same workers, which load each module once: see
 * docs/internals/decisions/0045-files-share-a-worker.md.
 */
const TOGETHER = [
  { name: 'cdk', include: WITH_CDK },
  { name: 'commands', include: WITH_COMMANDS },
  {
    name: 'modules',
    include: [testsIn('**')],
    exclude: [...WITH_PROCESSES, ...WITH_COMMANDS, ...WITH_CDK, PACKED],
  },
]

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    // Processes, not threads: tests may be killed, change the working directory or open a store
    // without touching each other.
    pool: 'forks',
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // It is for tests that hang. On a machine with other work, tests may take their time.
    testTimeout: 60_000,
    // For the hundreds of processes that tests start: one that finds the compiled sources there
    // starts in a quarter of the time.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules', '.cache', 'compiled') },
    projects: [
      // Vitest starts projects in the order of their names: the longest files come first.
      { extends: true, test: { name: 'alone', include: WITH_PROCESSES } },
      {
        extends: true,
        test: { name: 'packed', include: [PACKED], globalSetup: ['test/package/pack.ts'] },
      },
      ...TOGETHER.map((project) => ({
        extends: true as const,
        test: { ...project, isolate: false },
      })),
    ],
  },
})
