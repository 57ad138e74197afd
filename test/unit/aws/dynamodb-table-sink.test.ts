import { setImmediate } from 'node:timers/promises'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { describe, expect, test } from 'vitest'
import { attributeBytes, attributeOf } from '../../../lib/adapters/aws/dynamodb-json.ts'
import { dynamodbTableSink } from '../../../lib/adapters/aws/dynamodb-table-sink.ts'
import type { Json, TableItem } from '../../../lib/base/table-item.ts'
import { errorOf, expectError } from '../../contract/errors.ts'
import { fakeTable } from '../../contract/fake-table.ts'
import { fenceOf, writeBatch } from '../../contract/write-batch.ts'
import { type Answer, type Call, fakeDynamodb } from './fake-service.ts'

const BATCH = { path: '1000', timeMs: 1_000 }

const write = (
  client: Pick<DynamoDBClient, 'send'>,
  ...parts: readonly (readonly TableItem[])[]
): Promise<void> =>
  writeBatch(dynamodbTableSink({ table: 'totals', client }), BATCH, fenceOf(2, 3), parts)

const itemsNamed = (count: number): readonly TableItem[] =>
  Array.from({ length: count }, (_, index) => ({ key: `key${index}`, value: index }))

const nested = (depth: number): Json => (depth === 0 ? 1 : [nested(depth - 1)])

describe('the requests', () => {
  test('are one put for each key, with the fence in the item and in its condition', async () => {
    const calls: Call[] = []
    const client = fakeDynamodb((call) => {
      calls.push(call)
      return { status: 200, body: {} }
    })
    await write(client, [{ key: 'to', value: { n: [2, null] } }])
    const stamp = {
      app: { S: 'app' },
      generation: { N: '2' },
      epoch: { N: '3' },
      batchTime: { N: '1000' },
    }
    expect(calls.map(({ action }) => action)).toEqual(['PutItem'])
    expect(JSON.parse(calls[0]?.body ?? '')).toMatchObject({
      TableName: 'totals',
      Item: {
        key: { S: 'to' },
        value: { M: { n: { L: [{ N: '2' }, { NULL: true }] } } },
        ...stamp,
      },
      ExpressionAttributeValues: Object.fromEntries(
        Object.entries(stamp).map(([name, value]) => [`:${name}`, value]),
      ),
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    })
  })

  test('are none for a batch without pairs', async () => {
    const { client, puts } = fakeTable()
    await write(client)
    await write(client, [], [])
    expect(puts).toEqual([])
  })

  test('have distinct keys, even if UTF-8 cannot encode them', async () => {
    const { client, rows } = fakeTable()
    const keys = ['\ud800', '\udbff', '\ufffd', 'a\ud83d', 'a😀']
    await write(
      client,
      keys.map((key) => ({ key, value: key })),
    )
    expect(rows.size).toBe(keys.length)
  })

  test('run at the same time, up to a limit', async () => {
    const waiting: (() => void)[] = []
    let atOnceMax = 0
    let puts = 0
    const client = {
      send: async () => {
        puts += 1
        await new Promise<void>((resolve) => waiting.push(resolve))
      },
    } as unknown as Pick<DynamoDBClient, 'send'>
    const written = write(client, itemsNamed(100), itemsNamed(10))
    await setImmediate()
    while (waiting.length > 0) {
      atOnceMax = Math.max(atOnceMax, waiting.length)
      waiting.shift()?.()
      await setImmediate()
    }
    await written
    expect({ atOnceMax, puts }).toEqual({ atOnceMax: 32, puts: 110 })
  })

  test('end after a failure: no new one starts', async () => {
    let puts = 0
    const client = fakeDynamodb(() => {
      puts += 1
      return { lost: 'ECONNRESET' }
    })
    await expectError(() => write(client, itemsNamed(100), itemsNamed(10)), 'OUTPUT_FAILED', true)
    expect(puts).toBe(32)
  })
})

describe('values as attributes', () => {
  test.each<[Json, object]>([
    ['a', { S: 'a' }],
    ['', { S: '' }],
    [-1.5, { N: '-1.5' }],
    [1e21, { N: '1e+21' }],
    [1e-130, { N: '1e-130' }],
    [1e-131, { M: { $number: { S: '1e-131' } } }],
    [-1e126, { M: { $number: { S: '-1e+126' } } }],
    [true, { BOOL: true }],
    [null, { NULL: true }],
    [[], { L: [] }],
    [{}, { M: {} }],
    [{ a: ['b'] }, { M: { a: { L: [{ S: 'b' }] } } }],
  ])('%j', (value, attribute) => {
    expect(attributeOf(value)).toEqual(attribute)
  })

  test('lists may be nested 32 levels deep', async () => {
    expect(attributeOf(nested(32))).toHaveProperty('L')
    await expectError(() => attributeOf(nested(33)), 'VALUE_UNSUPPORTED')
  })

  test.each<[string, Json, number]>([
    ['text, in bytes of UTF-8', 'aä', 3],
    ['a number, with two digits per byte', 1234, 3],
    ['zeros at the ends do not count', 1000, 2],
    ['a sign', -12, 3],
    ['a fraction', 0.125, 3],
    ['a boolean', true, 1],
    ['null', null, 1],
    ['a list', [1, true], 3 + 1 + 2 + 1 + 1],
    ['an object', { ab: 'c' }, 3 + 1 + 2 + 1],
  ])('the size of %s', (_, value, sizeBytes) => {
    expect(attributeBytes(attributeOf(value))).toBe(sizeBytes)
  })
})

describe('values that a table cannot hold', () => {
  test.each<[string, number, boolean]>([
    ['an item of 400 KB', 409_600, true],
    ['an item over 400 KB', 409_601, false],
  ])('%s', async (_, sizeBytes, isAllowed) => {
    const { client, puts } = fakeTable()
    const others = 'key'.length + 'big'.length + 'value'.length
    const stamp = 'app'.length + 'app'.length + 'generation'.length + 2 + 'epoch'.length + 2
    const time = 'batchTime'.length + 2
    const value = 'x'.repeat(sizeBytes - others - stamp - time)
    const attempt = (): Promise<void> =>
      write(client, [
        { key: 'small', value: 1 },
        { key: 'big', value },
      ])
    if (isAllowed) await attempt()
    else {
      const error = await errorOf(attempt)
      expect(error.code).toBe('ITEM_TOO_LARGE')
      expect(error.message).toContain('"big"')
    }
    // The sink finds values that it cannot put before the first put of their partition.
    expect(puts).toEqual(isAllowed ? ['small', 'big'] : [])
  })
})

const failure = (name: string, status = 400): Answer => ({
  status,
  body: { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: name },
})

test.each<[string, Answer, boolean, string]>([
  ['throttled', failure('ProvisionedThroughputExceededException'), true, 'Throughput'],
  ['an error of the service', failure('InternalServerError', 500), true, 'InternalServerError'],
  ['a broken connection', { lost: 'ECONNRESET' }, true, 'ECONNRESET'],
  ['denied', failure('AccessDeniedException'), false, 'dynamodb:PutItem'],
  ['a missing table', failure('ResourceNotFoundException'), false, 'create it'],
  ['another key', failure('ValidationException'), false, 'partition key "key"'],
  [
    'a refusal without the stored item',
    failure('ConditionalCheckFailedException'),
    true,
    'refused',
  ],
])('%s', async (_, answer, retryable, named) => {
  const error = await errorOf(() =>
    write(
      fakeDynamodb(() => answer),
      [{ key: 'a', value: 1 }],
    ),
  )
  expect({ code: error.code, retryable: error.retryable }).toEqual({
    code: 'OUTPUT_FAILED',
    retryable,
  })
  expect(error.message).toContain(named)
})
