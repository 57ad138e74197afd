import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// In tests and examples, `import 'millrace'` means the sources and not the last build: see
// docs/internals/decisions/0002-source-condition.md.
const conditions = ['millrace-source', 'node', 'import', 'default']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['test/**/*.test.ts'],
    // Processes, not threads: tests may be killed, change the working directory or open a store
    // without touching each other.
    pool: 'forks',
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 20_000,
    // For the hundreds of processes that tests start: one that finds the compiled sources there
    // starts in a quarter of the time.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules', '.cache', 'compiled') },
  },
})
