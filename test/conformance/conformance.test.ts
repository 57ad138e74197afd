import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { report } from './runner/report.ts'
import { runCase } from './runner/run-case.ts'
import { runSuites } from './runner/suites.ts'
import { caseName, readVectors, type Vector } from './runner/vector.ts'

const vectors = readVectors(join(import.meta.dirname, 'vectors'))

/** Cases of what does not exist yet. The list must shrink to nothing: one on it that passes fails the test. */
const notYet = readFileSync(join(import.meta.dirname, 'not-yet.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '')

test('every case has a name of its own', () => {
  expect(new Set(vectors.map(caseName)).size).toBe(vectors.length)
})

test.each([
  ['warm', false],
  ['cold: restarted from the durable store after every batch', true],
])('all cases pass but those that are not there yet, %s', async (_, cold) => {
  const results = (await runSuites(vectors, { cold })).flatMap(({ cases }) => cases)
  const failed = results.flatMap(({ vector, outcome }) => (outcome.kind === 'failed' ? [caseName(vector)] : []))
  expect(failed.toSorted()).toEqual(notYet)
})

describe('the runner', () => {
  const good: Vector = {
    suite: 'own',
    name: 'map',
    op: 'map',
    batchIntervalMs: 1_000,
    params: { f: 'x => x * 3 + 1' },
    inputBatches: [[1, 2], null, [3]],
    expectedBatches: [[4, 7], null, [10]],
    compare: 'ordered',
  }
  const rows: readonly (readonly [what: string, change: Partial<Vector>, got: unknown])[] = [
    ['an operation that it does not know', { op: 'mapp' }, expect.stringContaining('no operation "mapp"')],
    ['a function that it does not know', { params: { f: 'something else' } }, expect.stringContaining('no expression "something else"')],
    ['a name that the function does not have', { params: { f: 'x => y' } }, expect.stringContaining('no name "y"')],
    ['a comparison that it does not know', { compare: 'nearly' }, expect.stringContaining('no comparison "nearly"')],
    ['other elements', { expectedBatches: [[4, 7], null, [11]] }, [[4, 7], null, [10]]],
    ['another order', { expectedBatches: [[7, 4], null, [10]] }, [[4, 7], null, [10]]],
    ['an empty dataset for none', { expectedBatches: [[4, 7], [], [10]] }, [[4, 7], null, [10]]],
    ['no error where one is expected', { expectError: { batchIndex: 0 } }, [[4, 7], null, [10]]],
  ]
  test.each([false, true])('passes what is right, cold: %s', async (cold) => {
    expect(await runCase(good, { cold })).toEqual({ kind: 'passed' })
  })
  test.each(rows)('fails on %s', async (_, change, got) => {
    expect(await runCase({ ...good, ...change }, { cold: false })).toMatchObject({ kind: 'failed', got })
  })

  test('reports suites, failures with input, expected and got, skips with their reason, and totals', async () => {
    const wrong = { ...good, name: 'wrong', expectedBatches: [[4, 7], null, [0]] }
    const elsewhere = { ...good, name: 'page', op: 'ui.unit' }
    expect(report(await runSuites([good, wrong, elsewhere], { cold: false })).split('\n')).toEqual([
      'own: 1 passed, 1 failed, 1 skipped',
      '  FAILED   wrong',
      '    input:    {"op":"map","params":{"f":"x => x * 3 + 1"},"batchIntervalMs":1000,"inputBatches":[[1,2],null,[3]]}',
      '    expected: [[4,7],null,[0]]',
      '    got:      [[4,7],null,[10]]',
      '  skipped  page: UI: the streaming page has tests of its own',
      '1 passed, 1 failed, 1 skipped',
      '',
    ])
  })
})
