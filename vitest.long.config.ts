import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// As in vitest.config.ts: the sources, not what was built last.
const conditions = ['millrace-source', 'node']

/** Tests that need only npm, as those of `npm test`, and take minutes each. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['test/**/*.long.ts'],
    pool: 'forks',
    // One file at a time: each starts a worker for each core.
    fileParallelism: false,
    // It is for tests that hang.
    testTimeout: 1_200_000,
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules', '.cache', 'compiled') },
  },
})
