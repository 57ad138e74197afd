/** A function that does not return keeps the process from hearing anything. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { type Millrace, pipelinePath, startMillrace } from './millrace.ts'
import { directoryWith } from './refusals.ts'

const TIMEOUT = { timeout: 60_000 }

const start = (directory: string): Millrace =>
  startMillrace(directory, 'run', pipelinePath('spinning'), '--bind', 'lines=in', '--state', 's')

describe('a function that never returns', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'is named, and %s then ends the process; the batch runs again',
    TIMEOUT,
    async (signal) => {
      const directory = directoryWith({ 'in/a.txt': '1e9\n' })
      const stuck = start(directory)
      await stuck.untilError((stderr) => stderr.includes('nothing else can'))
      stuck.child.kill(signal)
      const { exitCode, stderr } = await stuck.ended
      expect([exitCode, stuck.child.signalCode]).toEqual([null, signal])
      expect(stderr).toMatch(
        /^The function spin at \S*spinning\.ts:5:\d+ has been running for \d s, [^\n]+\n$/,
      )
      writeFileSync(join(directory, 'in', 'b.txt'), '0\n')
      const again = start(directory)
      await again.untilError((text) => text.includes('nothing else can'))
      again.child.kill('SIGKILL')
    },
  )
})

describe('a long batch', () => {
  const lines = '5\n'.repeat(6_000)

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'hears %s at once, and a second one ends it',
    TIMEOUT,
    async (signal) => {
      const long = start(directoryWith({ 'in/a.txt': lines }))
      await long.until((stdout) => stdout.includes('files in'))
      await setTimeout(1_000)
      const beginMs = performance.now()
      long.child.kill(signal)
      await long.until((stdout) => stdout.includes('Stopping after the current batch'))
      const heardMs = performance.now() - beginMs
      await setTimeout(1_500)
      long.child.kill(signal)
      const { exitCode, stderr } = await long.ended
      expect([exitCode, stderr]).toEqual([signal === 'SIGINT' ? 130 : 143, ''])
      expect(heardMs).toBeLessThan(2_000)
    },
  )
})

test('one that returns late is named, and the process hears again', TIMEOUT, async () => {
  const directory = directoryWith({ 'in/a.txt': '4500\n' })
  const late = start(directory)
  await late.until((text) => text.includes('4500') && text.includes('Waiting'))
  const { exitCode, stdout, stderr } = await late.signal('SIGINT')
  expect([exitCode, stdout.includes('Stopped after ')]).toEqual([0, true])
  expect(stderr).toContain('The function spin at ')
})
