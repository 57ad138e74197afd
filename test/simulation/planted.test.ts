import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

import { withBug } from './edits.ts'
import { plantedBugs } from './planted-bugs.ts'

const root = join(import.meta.dirname, '..', '..')

// The hunt in simulation.long.ts says so too, but only after minutes.
test('each planted bug fits the code that it changes', () => {
  const unfit = plantedBugs.flatMap((bug) => {
    try {
      const files = new Set(bug.edits.map(({ file }) => file))
      for (const file of files) withBug(bug, file, readFileSync(join(root, file), 'utf8'))
      return []
    } catch (error) {
      return [(error as Error).message]
    }
  })
  expect(unfit).toEqual([])
})
