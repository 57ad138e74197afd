/**
 * The first command of each example in examples/README.md runs as it stands, and gives what plain
 * code makes of the same data.
 */
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mapAtOnce } from '../../lib/base/concurrency.ts'
import { putCommand, type Said, typeIn } from '../process/shell.ts'
import { EXPECTED } from './expected.ts'
import { commandOf, sections } from './readme.ts'
import { examples, Run } from './run.ts'

/** Nothing stands in for what sends them records. They have tests of their own. */
const NOT_HERE = ['fleet', 'webhooks']
/** It reads what the other one has written. */
const AFTER: Readonly<Record<string, string>> = { 'ride-report': 'rides' }
/** Processes at the same time. */
const AT_ONCE = 3

const names = sections.map(({ name }) => name)
const modules = readdirSync(examples).filter((name) => name.endsWith('.ts'))

let place: string
const runs = new Map<string, Said>()

const run = async (name: string): Promise<void> => {
  runs.set(name, await typeIn(place, commandOf(name)))
}

beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), 'millrace-examples-'))
  symlinkSync(examples, join(place, 'examples'))
  putCommand(place)
  const all = Object.keys(EXPECTED)
  await mapAtOnce(
    all.filter((name) => AFTER[name] === undefined),
    AT_ONCE,
    run,
  )
  await mapAtOnce(
    all.filter((name) => AFTER[name] !== undefined),
    AT_ONCE,
    run,
  )
}, 120_000)
afterAll(() => rmSync(place, { recursive: true, force: true }))

test('all examples are on the page, and expected here', () => {
  expect(modules.map((name) => name.replace('.ts', '')).toSorted()).toEqual(names.toSorted())
  expect([...Object.keys(EXPECTED), ...NOT_HERE].toSorted()).toEqual(names.toSorted())
})

test.each(Object.entries(EXPECTED))('%s', async (name, isAsExpected) => {
  const said = runs.get(name)
  expect(said?.exitCode, said?.all).toBe(0)
  await isAsExpected(new Run(place, said as Said))
})
