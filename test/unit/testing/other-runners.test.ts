/** The harness depends on no test runner: it throws, and every runner reports the error. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

test("under Node's own runner one test passes, and a test with an unknown source fails", () => {
  // Without this variable Node's runner does not report to a runner that started it.
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
