import { availableParallelism } from 'node:os'
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
  },
})
