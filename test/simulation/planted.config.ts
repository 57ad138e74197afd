/** Plants the bug that MILLRACE_PLANTED_BUG names while a test loads the sources: see hunt.ts. */
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { withBug } from './edits.ts'
import { plantedBugs } from './planted-bugs.ts'

// As in vitest.config.ts.
const conditions = ['millrace-source', 'node']

const name = process.env['MILLRACE_PLANTED_BUG']
const bug = plantedBugs.find((planted) => planted.name === name)
if (bug === undefined)
  throw new Error(`MILLRACE_PLANTED_BUG is ${name}, which is not a planted bug`)

export default defineConfig({
  root: join(import.meta.dirname, '..', '..'),
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  plugins: [
    {
      name: 'planted-bug',
      enforce: 'pre',
      transform(code, id) {
        const edit = bug.edits.find(({ file }) => id.endsWith(`/${file}`))
        return edit === undefined ? undefined : withBug(bug, edit.file, code)
      },
    },
  ],
  test: {
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 60_000,
    // What is compiled for one bug is not for another.
    fsModuleCache: false,
  },
})
