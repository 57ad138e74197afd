/** The harness knows no test runner: it throws, and any runner sees that. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

test("under Node's own runner a test passes, and one that asks for what is not there fails", () => {
  // As if nothing ran above it: else Node's runner reports to this one.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const args = [
    '--conditions=millrace-source',
    '--test',
    '--test-reporter=tap',
    join(import.meta.dirname, 'node-runner.ts'),
  ]
  const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', env })
  expect(stdout).toContain('ok 1 - passes')
  expect(stdout).toContain('not ok 2 - fails')
  expect(stdout).toContain('The pipeline has no source of this name [ARGUMENT_INVALID]')
})
