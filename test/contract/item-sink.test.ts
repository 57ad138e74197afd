import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { describe, expect, test } from 'vitest'
import { dynamodbRowSink, type ItemSettings } from '../../lib/adapters/aws/dynamodb-row-sink.ts'
import { systemClock } from '../../lib/adapters/local/system-clock.ts'
import type { Fence } from '../../lib/ports/fence.ts'
import type { Sink } from '../../lib/ports/sink.ts'
import { dynamodb } from '../../lib/sinks/dynamodb/dynamodb.ts'
import type { Row } from '../../lib/rdd/sink-declaration.ts'
import type { ErrorCode } from '../../lib/base/errors.ts'
import { expectError } from './errors.ts'
import { fakeTable } from './fake-table.ts'
import { sinkContract } from './sink.contract.ts'
import { fenceOf, writeBatch } from './write-batch.ts'

const PUT: ItemSettings = { key: ['word'], itemMode: 'put' }
const SORTED: ItemSettings = { key: ['shop', 'day'], itemMode: 'put' }
const UPDATE: ItemSettings = { key: ['word'], itemMode: 'update' }

const sinkOn = ({ client }: Pick<ReturnType<typeof fakeTable>, 'client'>): Sink<readonly Row[]> =>
  dynamodbRowSink({ table: 'scores', clock: systemClock(), client })

describe.each([PUT, UPDATE])('items by $itemMode', (settings) => {
  sinkContract(`a table of DynamoDB with keys, by ${settings.itemMode}`, () => {
    const table = fakeTable(['word'])
    const sink = sinkOn(table)
    return {
      sink: { ...sink, open: (batch, by) => sink.open({ ...batch, settings }, by) },
      contentOf: (lines): Row[] =>
        lines.map((line) => ({ word: line.split('=')[0], n: line.split('=')[1] })),
      spoil: (rows: Row[]) => void rows.splice(0, rows.length, { word: 'a', n: 'spoilt' }),
      linesOf: async () =>
        [...table.rows.values()].map(({ word, n }) => `${word?.S ?? ''}=${n?.S ?? ''}`),
    }
  })
})

const write = (
  sink: Sink<readonly Row[]>,
  rows: readonly Row[],
  settings: ItemSettings,
  [timeMs, by]: readonly [number, Fence] = [1_000, fenceOf(1, 1)],
): Promise<void> => writeBatch(sink, { path: 'scores', timeMs, settings }, by, [rows])

describe('items', () => {
  test.each<[string, unknown, AttributeValue]>([
    ['text', 'a', { S: 'a' }],
    ['a number', 1.5, { N: '1.5' }],
    ['a bigint', 2n ** 70n, { N: '1180591620717411303424' }],
    ['true', true, { BOOL: true }],
    ['null', null, { NULL: true }],
    ['a date', new Date(0), { S: '1970-01-01T00:00:00.000Z' }],
    ['a list', [1, 'a'], { L: [{ N: '1' }, { S: 'a' }] }],
    ['an object', { a: undefined, b: { c: 1 } }, { M: { b: { M: { c: { N: '1' } } } } }],
  ])('hold %s', async (_, value, stored) => {
    const table = fakeTable(['word'])
    await write(sinkOn(table), [{ word: 'a', value }], PUT)
    expect(table.rows.get('a')?.['value']).toEqual(stored)
  })

  test.each([Number.NaN, Symbol('a'), new Map([[1, 2]]), () => 1])(
    'cannot hold %s, and then nothing of the partition is written',
    async (value) => {
      const table = fakeTable(['word'])
      const rows = [{ word: 'a' }, { word: 'b', value }]
      await expectError(() => write(sinkOn(table), rows, PUT), 'VALUE_UNSUPPORTED')
      expect(table.puts).toEqual([])
    },
  )

  test('are found by a partition key and a sort key; the last of each counts', async () => {
    const table = fakeTable(['shop', 'day'])
    const rows = [
      { shop: 'a', day: 1, n: 1 },
      { shop: 'a', day: 2, n: 2 },
      { shop: 'a', day: 1, n: 3 },
    ]
    await write(sinkOn(table), rows, SORTED)
    expect([...table.rows].map(([key, { n }]) => [key, n?.N])).toEqual([
      ['a/1', '3'],
      ['a/2', '2'],
    ])
    expect(table.puts).toHaveLength(2)
  })

  test('are replaced by put, and keep other attributes with update', async () => {
    for (const [settings, kept] of [
      [PUT, undefined],
      [UPDATE, { S: 'first' }],
    ] as const) {
      const table = fakeTable(['word'])
      await write(sinkOn(table), [{ word: 'a', n: 1, note: 'first' }], settings)
      await write(sinkOn(table), [{ word: 'a', n: 2 }], settings, [2_000, fenceOf(1, 2)])
      expect(table.rows.get('a')).toMatchObject({ n: { N: '2' } })
      expect(table.rows.get('a')?.['note']).toEqual(kept)
    }
  })

  test('of somebody else are left alone by put, and updated by update', async () => {
    const table = fakeTable(['word'])
    table.rows.set('a', { word: { S: 'a' }, name: { S: 'theirs' } })
    await expectError(() => write(sinkOn(table), [{ word: 'a', n: 1 }], PUT), 'OUTPUT_EXISTS')
    await write(sinkOn(table), [{ word: 'a', n: 1 }], UPDATE)
    expect(table.rows.get('a')).toMatchObject({ name: { S: 'theirs' }, n: { N: '1' } })
  })
})

describe('an element for which there is no item', () => {
  const { send } = dynamodb<readonly [unknown, unknown]>('scores', { partitionKey: 'word' })
  const { send: sorted } = dynamodb<object>('scores', { partitionKey: 'shop', sortKey: 'day' })

  test.each<[string, unknown, ErrorCode]>([
    ['an empty key', ['', 1], 'KEY_UNSUPPORTED'],
    ['a key of too many bytes', ['é'.repeat(1_025), 1], 'KEY_UNSUPPORTED'],
    ['a key that is true', [true, 1], 'KEY_UNSUPPORTED'],
    ['a key that is a list', [[1, 2], 1], 'KEY_UNSUPPORTED'],
    ['a key beyond all numbers', [1e200, 1], 'KEY_UNSUPPORTED'],
    ['no number', ['a', Number.NaN], 'VALUE_UNSUPPORTED'],
    ['no date', ['a', [new Date(Number.NaN)]], 'VALUE_UNSUPPORTED'],
    ['a map', ['a', { b: new Map() }], 'VALUE_UNSUPPORTED'],
    ['a number of 39 digits', ['a', 10n ** 38n + 1n], 'VALUE_UNSUPPORTED'],
    ['a number that is too large', ['a', 10n ** 126n], 'VALUE_UNSUPPORTED'],
  ])('is refused by itself: %s', async (_, element, code) => {
    await expectError(() => send(element as readonly [unknown, unknown]), code)
  })

  test.each([
    { shop: 'a', day: '' },
    { shop: 'a', day: 'x'.repeat(1_025) },
    { shop: 'a', day: null },
  ])('is refused by its sort key: %j', async (item) => {
    await expectError(() => sorted(item), 'KEY_UNSUPPORTED')
  })

  test('and others are not', () => {
    const keys = ['a', 'x'.repeat(2_048), 0, -1.5, 2n ** 100n, Uint8Array.of(0), new Date(0)]
    for (const key of keys)
      expect(send([key, 10n ** 125n])).toEqual({ word: key, value: 10n ** 125n })
    expect(sorted({ shop: 0n, day: 'x'.repeat(1_024) })).toMatchObject({ shop: 0n })
  })
})

describe('a table that is throttled', () => {
  /** Admits so many calls, and then refuses as many as came since. */
  const throttledTable = (admitted: number) => {
    let calls = 0
    return fakeTable(['word'], () => ++calls % admitted === 0)
  }

  test('gets all items, each tried again until it is there', async () => {
    const table = throttledTable(5)
    const rows = Array.from({ length: 300 }, (_, index) => ({ word: `w${index}` }))
    await write(sinkOn(table), rows, PUT)
    expect(table.rows.size).toBe(300)
  })

  test('says how often', async () => {
    let calls = 0
    const table = fakeTable(['word'], () => (calls += 1) <= 3)
    const batch = await sinkOn(table).open({ path: '', timeMs: 0, settings: PUT }, fenceOf(1, 1))
    await batch.write(0, [{ word: 'a' }])
    expect(batch.throttled?.()).toBe(3)
  })

  test('and refuses everything: the batch fails, and may be tried again', async () => {
    let calls = 0
    const table = fakeTable(['word'], () => (calls += 1) > 0)
    const sink = dynamodbRowSink({
      table: 'scores',
      clock: { now: () => 0, sleep: async () => undefined },
      client: table.client,
    })
    const rows = Array.from({ length: 1_000 }, (_, index) => ({ word: `w${index}` }))
    const failed = write(sink, rows, PUT)
    await expect(failed).rejects.toMatchObject({ code: 'OUTPUT_FAILED', retryable: true })
    // Not every item was sent: few calls at a time, and no new one after the failure.
    expect(calls).toBeLessThan(200)
  })
})
