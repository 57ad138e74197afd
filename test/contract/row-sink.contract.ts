/** What every database of rows promises, beside what every sink does. */
import { describe, expect, test } from 'vitest'
import type { ErrorCode } from '../../lib/base/errors.ts'
import type { Fence } from '../../lib/ports/fence.ts'
import type { Sink, SinkBatch } from '../../lib/ports/sink.ts'
import type { Row } from '../../lib/rdd/sink-declaration.ts'
import type { TableSettings } from '../../lib/sinks/rows/row-settings.ts'
import { errorOf, expectError } from './errors.ts'
import { sinkContract } from './sink.contract.ts'
import { fenceOf, writeBatch } from './write-batch.ts'

/** A database that a test can look into. It has the tables `totals` and `events`, both empty. */
export interface RowsUnderTest {
  readonly sink: Sink<readonly Row[]>
  /** The same database, as another process would open it. */
  readonly other: Sink<readonly Row[]>
  /** All rows of a table, in any order. Large numbers may be texts. */
  rows(table: string): Promise<readonly Row[]>
  /** Runs a statement of the test. */
  readonly run: (statement: string) => Promise<void>
}

/** Creates the tables: `word` is the key of `totals`. */
export const CREATE_TABLES: readonly string[] = [
  'CREATE TABLE totals (word text PRIMARY KEY, n bigint, note text)',
  'CREATE TABLE events (word text, n bigint, batch_time bigint)',
]

/** Rows with a key. */
export const TOTALS: TableSettings = { table: 'totals', mode: 'upsert', key: ['word'], value: 'n' }
/** Rows that are added. */
export const EVENTS: TableSettings = { table: 'events', mode: 'append', key: [], value: 'n' }
const STAMPED: TableSettings = { ...EVENTS, batchTime: 'batch_time' }

const batchAt = (timeMs: number, settings: TableSettings): SinkBatch => ({
  path: `${settings.table}/${timeMs}`,
  timeMs,
  settings,
})

const shown = (rows: readonly Row[]): readonly string[] =>
  rows.map(({ word, n }) => `${String(word)}=${String(n)}`).toSorted()

interface Attempt {
  readonly by: Fence
  readonly at: number
  readonly parts: readonly (readonly Row[])[]
}

const rowsOf = (...texts: readonly string[]): readonly Row[] =>
  texts.map((text) => ({ word: text.split('=')[0] ?? '', n: Number(text.split('=')[1]) }))

const attempt = (generation: number, epoch: number, at: number, ...parts: string[]): Attempt => ({
  by: fenceOf(generation, epoch),
  at,
  parts: parts.map((part) => (part === '' ? [] : rowsOf(...part.split(' ')))),
})

type Open = () => RowsUnderTest | Promise<RowsUnderTest>

const write = (
  { sink }: Pick<RowsUnderTest, 'sink'>,
  { by, at, parts }: Attempt,
  settings: TableSettings,
): Promise<void> => writeBatch(sink, batchAt(at, settings), by, parts)

const appending = (open: Open): void => {
  interface Case {
    readonly what: string
    readonly settings?: TableSettings
    readonly attempts: readonly Attempt[]
    readonly fails?: ErrorCode
    readonly gives: readonly string[]
  }
  test.each<Case>([
    {
      what: 'batches are added, also equal rows',
      attempts: [attempt(1, 1, 1_000, 'a=1 a=1', 'b=1'), attempt(1, 2, 2_000, 'a=1', 'b=1')],
      gives: ['a=1', 'a=1', 'a=1', 'b=1', 'b=1'],
    },
    {
      what: 'a batch that is tried again is added once',
      attempts: [attempt(1, 1, 1_000, 'a=1', 'b=1'), attempt(1, 2, 1_000, 'a=1', 'b=1')],
      gives: ['a=1', 'b=1'],
    },
    {
      what: 'what the same code computes otherwise the second time stays as it is',
      attempts: [attempt(1, 1, 1_000, 'a=1'), attempt(1, 2, 1_000, 'a=2', 'b=2')],
      gives: ['a=1', 'b=2'],
    },
    {
      what: 'other code that computes the same adds nothing',
      attempts: [attempt(1, 1, 1_000, 'a=1', ''), attempt(2, 2, 1_000, 'a=1', '')],
      gives: ['a=1'],
    },
    {
      what: 'other code with other rows is refused',
      attempts: [attempt(1, 1, 1_000, 'a=1'), attempt(2, 2, 1_000, 'a=2')],
      fails: 'OUTPUT_EXISTS',
      gives: ['a=1'],
    },
    {
      what: 'other code with fewer partitions is refused',
      attempts: [attempt(1, 1, 1_000, 'a=1', 'b=1'), attempt(2, 2, 1_000, 'a=1')],
      fails: 'OUTPUT_EXISTS',
      gives: ['a=1', 'b=1'],
    },
    {
      what: 'with a column of batch times, other code replaces its batch and no other',
      settings: STAMPED,
      attempts: [
        attempt(1, 1, 1_000, 'a=1'),
        attempt(1, 2, 2_000, 'a=1', 'b=1', 'c=1'),
        attempt(2, 3, 2_000, 'a=2', 'b=1'),
        attempt(2, 4, 2_000, 'a=2', 'b=1'),
      ],
      gives: ['a=1', 'a=2', 'b=1'],
    },
    {
      what: 'an older batch is refused',
      attempts: [attempt(1, 1, 2_000, 'a=1'), attempt(1, 2, 1_000, 'b=1')],
      fails: 'OUTPUT_FENCED',
      gives: ['a=1'],
    },
  ])('$what', async ({ settings = EVENTS, attempts, fails, gives }) => {
    const place = await open()
    const last = attempts.at(-1) as Attempt
    for (const one of attempts.slice(0, -1)) await write(place, one, settings)
    if (fails === undefined) await write(place, last, settings)
    else await expectError(() => write(place, last, settings), fails)
    expect(shown(await place.rows('events'))).toEqual(gives)
  })

  test('an attempt that ended in the middle is completed, whatever it had added', async () => {
    const place = await open()
    const batch = await place.sink.open(batchAt(1_000, EVENTS), fenceOf(1, 1))
    await batch.write(0, rowsOf('a=1'))
    await batch.abandon()
    await write({ sink: place.other }, attempt(1, 2, 1_000, 'a=1', 'b=1'), EVENTS)
    await expectError(() => batch.write(1, rowsOf('b=1')), 'OUTPUT_FENCED')
    expect(shown(await place.rows('events'))).toEqual(['a=1', 'b=1'])
  })

  test('many attempts at once in two processes add each row once', async () => {
    const place = await open()
    for (let round = 1; round <= 4; round++) {
      const attempts = Array.from({ length: 8 }, (_, index) =>
        write(
          { sink: index % 2 === 0 ? place.sink : place.other },
          attempt(1, round * 10 + ((index * 5) % 8), round * 1_000, 'a=1 b=1', 'c=1', 'd=1'),
          EVENTS,
        ),
      )
      const ended = await Promise.allSettled(attempts)
      const codes = ended.flatMap((end) =>
        end.status === 'rejected' ? [(end.reason as { readonly code: string }).code] : [],
      )
      expect(codes.filter((code) => code !== 'OUTPUT_FENCED')).toEqual([])
      expect(await place.rows('events')).toHaveLength(4 * round)
    }
  })
}

const upserting = (open: Open): void => {
  test('the last row of a key counts, in a partition and of partitions', async () => {
    const place = await open()
    await write(place, attempt(1, 1, 1_000, 'a=1 b=1 a=2', 'b=2'), TOTALS)
    expect(shown(await place.rows('totals'))).toEqual(['a=2', 'b=2'])
  })

  test('columns that a row lacks keep their value', async () => {
    const place = await open()
    const at = (timeMs: number, epoch: number, rows: readonly Row[]): Promise<void> =>
      writeBatch(place.sink, batchAt(timeMs, TOTALS), fenceOf(1, epoch), [rows])
    await at(1_000, 1, [{ word: 'a', n: 1, note: 'first' }, { word: 'b' }])
    await at(2_000, 2, [{ word: 'a', n: 2 }, { word: 'b', note: 'late' }, { word: 'c' }])
    const rows = await place.rows('totals')
    expect(
      new Map(rows.map(({ word, n, note }) => [word, [n === null ? n : Number(n), note]])),
    ).toEqual(
      new Map([
        ['a', [2, 'first']],
        ['b', [null, 'late']],
        ['c', [null, null]],
      ]),
    )
  })

  test('thousands of rows in a partition', async () => {
    const place = await open()
    const texts = Array.from({ length: 12_345 }, (_, index) => `key${index}=${index}`)
    const parts = [rowsOf(...texts)]
    await writeBatch(place.sink, batchAt(1_000, TOTALS), fenceOf(1, 1), parts)
    expect(shown(await place.rows('totals'))).toEqual(texts.toSorted())
  })

  test.each([
    "it's; DROP TABLE totals --",
    'ä€😀',
    '"quoted"',
    '$1',
    '\\x00',
    '{"a":1}',
    ' ',
    'NULL',
    '\n\t',
  ])('the text %j', async (text) => {
    const place = await open()
    const rows = [{ word: text, note: text }]
    await writeBatch(place.sink, batchAt(1_000, TOTALS), fenceOf(1, 1), [rows])
    expect(await place.rows('totals')).toMatchObject(rows)
  })

  test('a partition is written whole or not at all', async () => {
    const place = await open()
    await place.run("INSERT INTO totals (word, n) VALUES ('there', 1)")
    const bad = [
      { word: 'a', n: 1 },
      { word: 'b', n: 1, 'no such "column"': { deep: 1n } },
    ]
    const settings = { ...TOTALS, key: ['word', 'n'] }
    const error = await errorOf(() =>
      writeBatch(place.sink, batchAt(1_000, settings), fenceOf(1, 1), [bad]),
    )
    expect({ code: error.code, retryable: error.retryable }).toEqual({
      code: 'OUTPUT_FAILED',
      retryable: false,
    })
    expect(shown(await place.rows('totals'))).toEqual(['there=1'])
  })

  test('two outputs of an application have fences of their own', async () => {
    const place = await open()
    await write(place, attempt(1, 5, 2_000, 'a=1'), TOTALS)
    await write(place, attempt(1, 4, 1_000, 'a=1'), EVENTS)
    expect(shown(await place.rows('events'))).toEqual(['a=1'])
  })

  test('only the fences of the last batch are kept', async () => {
    const place = await open()
    for (let batch = 1; batch <= 20; batch++)
      await write(place, attempt(1, batch, batch * 1_000, 'a=1', 'b=1', 'c=1'), EVENTS)
    expect(await place.rows('millrace_fences')).toHaveLength(4)
  })
}

/** Runs what every sink of rows promises. */
export const rowSinkContract = (adapter: string, open: Open): void => {
  sinkContract(adapter, async () => {
    const place = await open()
    return {
      sink: {
        ...place.sink,
        open: (batch, by) => place.sink.open({ ...batch, settings: TOTALS }, by),
      },
      contentOf: (lines): Row[] =>
        lines.map((line) => ({ word: line.split('=')[0], note: line.split('=')[1] })),
      spoil: (rows: Row[]) => void rows.splice(0, rows.length, { word: 'a', note: 'spoilt' }),
      linesOf: async () =>
        (await place.rows('totals')).map(({ word, note }) => `${String(word)}=${String(note)}`),
    }
  })
  describe(`a database of rows: ${adapter}`, () => {
    describe('append', () => appending(open))
    describe('upsert', () => upserting(open))
  })
}
