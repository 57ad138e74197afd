import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryDirectory } from '../contract/temporary-directory.ts'
import { differences } from './runner/differences.ts'
import { insteads } from './runner/instead.ts'
import { report } from './runner/report.ts'
import { runCase } from './runner/run-case.ts'
import { runSuites } from './runner/suites.ts'
import { caseName, readVectors, type Vector } from './runner/vector.ts'

const vectors = readVectors(join(import.meta.dirname, 'vectors'))

test('every case has a unique name', () => {
  expect(new Set(vectors.map(caseName)).size).toBe(vectors.length)
})

test.each([
  ['warm', false],
  ['cold: restarted from the durable store after every batch', true],
])('all cases pass, %s', async (_, cold) => {
  const results = (await runSuites(vectors, { cold })).flatMap(({ cases }) => cases)
  expect(
    results.flatMap(({ vector, outcome }) => (outcome.kind === 'failed' ? [caseName(vector)] : [])),
  ).toEqual([])
})

test('every difference is a row of docs/differences.md', () => {
  const document = readFileSync(join(import.meta.dirname, '../../docs/differences.md'), 'utf8')
  expect(
    [...differences, ...insteads]
      .filter(({ row }) => !document.includes(`\n| ${row} |`))
      .map(({ row }) => row),
  ).toEqual([])
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
    [
      'an operation that it does not know',
      { op: 'mapp' },
      expect.stringContaining('no operation "mapp"'),
    ],
    [
      'an operation that is called as something every object has',
      { op: 'constructor' },
      expect.stringContaining('no operation "constructor"'),
    ],
    [
      'a step that it does not know',
      { op: 'chain', params: { steps: [{ op: 'mapp', params: {} }] } },
      expect.stringContaining('no operation "mapp"'),
    ],
    [
      'steps that are none',
      { op: 'chain', params: {} },
      expect.stringContaining('no list of steps'),
    ],
    [
      'a stream that the case does not have',
      { op: 'union', params: { with: { input: 2 } } },
      expect.stringContaining('no input 2'),
    ],
    [
      'a sentence that it does not know',
      { params: { timeline: ['the sun rises'] } },
      expect.stringContaining('no sentence "the sun rises"'),
    ],
    [
      'a function that it does not know',
      { params: { f: 'something else' } },
      expect.stringContaining('no expression "something else"'),
    ],
    [
      'a name that the function does not have',
      { params: { f: 'x => y' } },
      expect.stringContaining('no name "y"'),
    ],
    [
      'a comparison that it does not know',
      { compare: 'nearly' },
      expect.stringContaining('no comparison "nearly"'),
    ],
    [
      'a name that is not reached',
      { params: { f: 'x => 1 == 1 ? x : y' } },
      expect.stringContaining('no name "y"'),
    ],
    [
      'a case that expects nothing',
      { expectedBatches: undefined as never },
      expect.stringContaining('does not say which batches'),
    ],
    ['other elements', { expectedBatches: [[4, 7], null, [11]] }, [[4, 7], null, [10]]],
    ['another order', { expectedBatches: [[7, 4], null, [10]] }, [[4, 7], null, [10]]],
    ['an empty RDD for none', { expectedBatches: [[4, 7], [], [10]] }, [[4, 7], null, [10]]],
    ['no error where one is expected', { expectError: { batchIndex: 0 } }, [[4, 7], null, [10]]],
  ]
  const none: Partial<Vector> = {
    inputBatches: [],
    expectedBatches: undefined as never,
    compare: 'value',
    params: {},
  }
  const others: readonly (readonly [what: string, change: Partial<Vector>])[] = [
    [
      'a chain with a second input',
      {
        op: 'chain',
        params: {
          steps: [
            { op: 'mapToPair', params: { f: 'x => (x,1)' } },
            { op: 'join', params: { with: { input: 2 } } },
          ],
        },
        inputBatches: [[1]],
        inputBatches2: [[[1, 'a']]],
        expectedBatches: [[[1, [1, 'a']]]],
      },
    ],
    ['an input that it does not need', { inputBatches2: [[1]] }],
    [
      'a batch that fails because an RDD is missing',
      {
        op: 'count',
        params: {},
        inputBatches: [[1], null],
        expectedBatches: [[1], []],
        expectError: { batchIndex: 1 },
      },
    ],
    [
      'a timeout at the tenth batch, as Spark has it',
      {
        op: 'mapWithState',
        params: {
          f: 'if value present update(1); return timing out ? Some(key) : None',
          pre: 'x => (x,1)',
          timeoutMs: 2_000,
        },
        inputBatches: [['a']],
        expectedBatches: [[], [], [], [], [], [], [], [], [], ['a'], []],
      },
    ],
    [
      'a file that is touched',
      {
        op: 'fileStream.selection',
        params: {
          newFilesOnly: true,
          clockAtConstruction: 0,
          minRememberMs: 2_000,
          events: [
            { visibleAt: 500, path: 'a', mtime: 500 },
            { visibleAt: 3_500, path: 'a', mtime: 3_500 },
          ],
          batchTimes: [1_000, 2_000, 3_000, 4_000, 5_000],
        },
        inputBatches: [],
        expectedBatches: [['a'], [], [], [], ['a']],
      },
    ],
    [
      'files in directories by a pattern',
      {
        op: 'textFileStream',
        params: {
          path: '<dir>/b?',
          timeline: [
            'start clock 0',
            'write bc/1 (mtime 500)',
            'write b/2 (mtime 600)',
            'advance 1000',
          ],
        },
        inputBatches: [],
        expectedBatches: [['1']],
      },
    ],
    [
      'a print that is cut off',
      {
        op: 'print',
        params: { num: 1, batchTimeMs: 3_000 },
        inputBatches: [[[1, 'a'], 2]],
        expectedBatches: [['-'.repeat(43), 'Time: 3000 ms', '-'.repeat(43), '(1,a)', '...', '']],
      },
    ],
    [
      'delays',
      {
        ...none,
        op: 'batchInfo',
        params: { submission: 2_000, processingStart: 2_100, processingEnd: 2_300 },
        expectedValue: { schedulingDelay: 100, processingDelay: 200, totalDelay: 300 },
      },
    ],
    [
      'a first batch',
      {
        ...none,
        op: 'jobTimer',
        params: { nowMs: 2_999 },
        expectedValue: { firstBatch: 3_000, zeroTime: 2_000 },
      },
    ],
  ]
  test.each(
    others.flatMap(([what, change]) => [false, true].map((cold) => [what, cold, change] as const)),
  )('passes other kinds: %s, cold: %s', async (_, cold, change) => {
    expect(await runCase({ ...good, ...change }, { cold })).toEqual({ kind: 'passed' })
  })

  test.each([false, true])('passes correct results, cold: %s', async (cold) => {
    expect(await runCase(good, { cold })).toEqual({ kind: 'passed' })
  })
  test.each(rows)('fails on %s', async (_, change, got) => {
    expect(await runCase({ ...good, ...change }, { cold: false })).toMatchObject({
      kind: 'failed',
      got,
    })
  })

  test.each([
    ['a directory that is not there', undefined, 'this directory cannot be read'],
    ['a directory without vectors', {}, 'no file of vectors'],
    ['a file that is not JSON', { 'a.json': '[{' }, 'a.json: this is not JSON'],
    ['a file that is not an array', { 'a.json': '{}' }, 'a.json: this is not an array'],
    [
      'a vector without operation',
      { 'a.json': JSON.stringify([good, { ...good, op: undefined }]) },
      'vector 1 (counted from 0) has no text as "op"',
    ],
    [
      'a batch that is none',
      { 'a.json': JSON.stringify([{ ...good, inputBatches: [1] }]) },
      'no array of batches as "inputBatches"',
    ],
  ])(
    'does not begin with %s',
    (_, files: Readonly<Record<string, string>> | undefined, message) => {
      const directory = join(temporaryDirectory(), 'vectors')
      if (files !== undefined) mkdirSync(directory)
      for (const [name, text] of Object.entries(files ?? {}))
        writeFileSync(join(directory, name), text)
      expect(() => readVectors(directory)).toThrow(message)
    },
  )

  test('reports suites, totals, failures and what stands for cases', async () => {
    const wrong = { ...good, name: 'wrong', expectedBatches: [[4, 7], null, [0]] }
    const elsewhere = { ...good, name: 'page', op: 'kinesis' }
    expect(report(await runSuites([good, wrong, elsewhere], { cold: false })).split('\n')).toEqual([
      'own: 2 passed, 1 failed, 0 skipped',
      '  FAILED   wrong',
      '    input:    {"op":"map","params":{"f":"x => x * 3 + ' +
        '1"},"batchIntervalMs":1000,"inputBatches":[[1,2],null,[3]]}',
      '    expected: [[4,7],null,[0]]',
      '    got:      [[4,7],null,[10]]',
      '  instead  page: the client library of Kinesis',
      '2 passed, 1 failed, 0 skipped',
      '',
    ])
  })
})
