import { describe, expect, test } from 'vitest'
import { dynamodbItemStore } from '../../../lib/adapters/aws/dynamodb-item-store.ts'
import { toStoredName, toStoredText, textOf } from '../../../lib/adapters/aws/dynamodb-text.ts'
import type { ItemStore } from '../../../lib/ports/item-store.ts'
import { errorOf, expectError } from '../../contract/errors.ts'
import { type Answer, type Call, fakeDynamodb } from './fake-service.ts'

const refusal = (name: string, more: object = {}, status = 400): Answer => ({
  status,
  body: { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: name, ...more },
})
const done: Answer = { status: 200, body: {} }
const key = { partition: 'p', sort: 's' }

/** A store whose calls are answered one after the other; the last answer is repeated. */
const storeOf = (...answers: readonly Answer[]) => {
  const calls: Call[] = []
  const pauses: number[] = []
  const client = fakeDynamodb((call) => {
    calls.push(call)
    return answers[Math.min(calls.length, answers.length) - 1] ?? done
  })
  const store: ItemStore = dynamodbItemStore({
    table: 'items',
    client,
    pause: async (durationMs) => void pauses.push(durationMs),
  })
  return { store, calls, pauses }
}

interface Written {
  readonly RequestItems: {
    readonly items: readonly {
      readonly PutRequest: { readonly Item: { readonly sk: { readonly S: string } } }
    }[]
  }
}
const sortsIn = ({ body }: Call): readonly string[] =>
  (JSON.parse(body) as Written).RequestItems.items.map(({ PutRequest }) => PutRequest.Item.sk.S)
const put = (sort: string) => ({ PutRequest: { Item: { pk: { S: 'p' }, sk: { S: sort } } } })
const item = (sort: string, n = 0) => ({ partition: 'p', sort, item: { n } })

describe('items that a call has not written', () => {
  test('are sent again after a pause, and no other items are', async () => {
    const { store, calls, pauses } = storeOf(
      { status: 200, body: { UnprocessedItems: { items: [put('b'), put('c')] } } },
      done,
    )
    await store.putAll([item('a'), item('b'), item('c')])
    expect(calls.map(sortsIn)).toEqual([
      ['a', 'b', 'c'],
      ['b', 'c'],
    ])
    expect(pauses).toHaveLength(1)
  })

  test('are a failure after 10 calls, and a retry may help', async () => {
    const { store, calls, pauses } = storeOf({
      status: 200,
      body: { UnprocessedItems: { items: [put('a')] } },
    })
    await expectError(() => store.putAll([item('a')]), 'STORE_FAILED', true)
    expect(calls).toHaveLength(10)
    expect(pauses.every((pause) => pause <= 2_500)).toBe(true)
  })

  test('only the last of two items with the same key is written', async () => {
    const { store, calls } = storeOf(done)
    await store.putAll([item('a', 1), item('b'), item('a', 2)])
    await store.deleteAll([key, { partition: 'p', sort: 't' }, key])
    expect(calls.map(({ body }) => (JSON.parse(body) as Written).RequestItems.items)).toMatchObject(
      [
        [
          { PutRequest: { Item: { sk: { S: 'a' }, n: { N: '2' } } } },
          { PutRequest: { Item: { sk: { S: 'b' } } } },
        ],
        [
          { DeleteRequest: { Key: { sk: { S: 's' } } } },
          { DeleteRequest: { Key: { sk: { S: 't' } } } },
        ],
      ],
    )
  })
})

describe('errors', () => {
  test.each<[string, Answer]>([
    ['throttled', refusal('ProvisionedThroughputExceededException')],
    ['over the limit of the account', refusal('RequestLimitExceeded')],
    ['too many requests', refusal('ThrottlingException')],
    ['in conflict with a transaction', refusal('TransactionConflictException')],
    ['an error of the service', refusal('InternalServerError', {}, 500)],
    ['an answer that is not JSON', { status: 503, body: 'busy' }],
    ['a broken connection', { lost: 'ECONNRESET' }],
    ['a host that is not found', { lost: 'ENOTFOUND' }],
    ['a timeout', { lost: 'ETIMEDOUT' }],
  ])('%s: a retry may help', async (_, answer) => {
    const { store } = storeOf(answer)
    const writes = [
      store.put(key, {}),
      store.putAll([item('a')]),
      store.compareAndSet(key, 'absent', {}),
      store.deleteAll([key]),
    ]
    for (const call of [store.get(key), store.query('p'), ...writes]) {
      const error = await errorOf(() => call)
      expect({ code: error.code, retryable: error.retryable }).toEqual({
        code: 'STORE_FAILED',
        retryable: true,
      })
      expect(error.cause).toBeInstanceOf(Error)
    }
  })

  test.each([
    ['AccessDeniedException', 'dynamodb:PutItem'],
    ['UnrecognizedClientException', 'credentials'],
  ])('%s: no retry, and the error says the fix', async (name, named) => {
    const { store } = storeOf(refusal(name))
    const error = await errorOf(() => store.put(key, {}))
    expect({ code: error.code, retryable: error.retryable }).toEqual({
      code: 'ACCESS_DENIED',
      retryable: false,
    })
    expect(error.message).toContain(named)
  })

  test('a table that does not exist', async () => {
    const error = await errorOf(() => storeOf(refusal('ResourceNotFoundException')).store.get(key))
    expect(error.code).toBe('STORE_NOT_FOUND')
    expect(error.message).toContain('items')
  })

  test('values that cannot be stored are refused before anything is sent', async () => {
    const { store, calls } = storeOf(done)
    for (const n of [Number.NaN, Infinity, 1e126, 1e-140])
      await expectError(() => store.put(key, { n }), 'ARGUMENT_INVALID')
    await expectError(
      () => store.putAll([item('a'), { ...key, item: { bytes: new Uint8Array(409_600) } }]),
      'ITEM_TOO_LARGE',
    )
    expect(calls).toEqual([])
  })
})

describe('lost answers', () => {
  test('a retry of an applied write returns the item that was written', async () => {
    const answers: Answer[] = [
      { lost: 'ECONNRESET' },
      refusal('ConditionalCheckFailedException', {
        Item: { pk: { S: 'p' }, sk: { S: 's' }, by: { S: 'me' } },
      }),
    ]
    const client = fakeDynamodb(() => answers.shift() ?? done, 2)
    const store = dynamodbItemStore({ table: 'items', client })
    expect(await store.compareAndSet(key, { by: 'other' }, { by: 'me' })).toEqual({
      swapped: false,
      current: { by: 'me' },
    })
  })
})

describe('the time of the store', () => {
  const dated = (answer: Answer, date: string): Answer => ({ ...answer, headers: { date } })

  test('comes from the newest answer, also from a refusal', async () => {
    const { store } = storeOf(
      dated(done, 'Thu, 01 Jan 2026 12:00:00 GMT'),
      dated(refusal('ConditionalCheckFailedException'), 'Thu, 01 Jan 2026 12:00:07 GMT'),
      done,
    )
    expect(store.answeredMs?.()).toBeUndefined()
    await store.get(key)
    expect(store.answeredMs?.()).toBe(Date.UTC(2026, 0, 1, 12))
    expect(await store.compareAndSet(key, 'absent', {})).toEqual({
      swapped: false,
      current: undefined,
    })
    expect(store.answeredMs?.()).toBe(Date.UTC(2026, 0, 1, 12, 0, 7))
    await store.get(key)
    expect(store.answeredMs?.()).toBe(Date.UTC(2026, 0, 1, 12, 0, 7))
  })
})

describe('queries', () => {
  test('continue from page to page up to the limit', async () => {
    const row = (sort: string) => ({ pk: { S: 'p' }, sk: { S: sort } })
    const { store, calls } = storeOf(
      { status: 200, body: { Items: [row('a')], LastEvaluatedKey: row('a') } },
      { status: 200, body: { Items: [], LastEvaluatedKey: row('b') } },
      { status: 200, body: { Items: [row('c'), row('d')], LastEvaluatedKey: row('d') } },
    )
    expect((await store.query('p', { limit: 3 })).map(({ sort }) => sort)).toEqual(['a', 'c', 'd'])
    expect(calls.map(({ body }) => JSON.parse(body) as object)).toMatchObject([
      { Limit: 3, ConsistentRead: true },
      { Limit: 2, ExclusiveStartKey: row('a') },
      { Limit: 2, ExclusiveStartKey: row('b') },
    ])
  })
})

describe('queries of some attributes', () => {
  test.each([
    [[], 'pk, sk', undefined],
    [['bytes', 'count'], 'pk, sk, #p0, #p1', { '#p0': 'bytes', '#p1': 'count' }],
  ])('%j', async (attributes, projection, names) => {
    const { store, calls } = storeOf({ status: 200, body: { Items: [] } })
    await store.query('p', { attributes })
    const body = JSON.parse(calls[0]?.body ?? '') as Record<string, unknown>
    expect(body['ProjectionExpression']).toBe(projection)
    expect(body['ExpressionAttributeNames']).toEqual(names)
  })
})

describe('text', () => {
  const texts = [
    '',
    'a',
    'ä😀',
    '\ud800',
    '\udc00',
    'a\ud83d',
    '\udc00\ud83d',
    '␚',
    '␚d800',
    '␚␚',
    '\ud800d800',
    '␚pk',
    'pk',
    '__proto__',
  ]

  test('that UTF-8 cannot encode is read as it was written, and stays distinct', () => {
    for (const text of texts) {
      expect(toStoredText(text).isWellFormed()).toBe(true)
      expect(textOf(toStoredText(text))).toBe(text)
      expect(textOf(toStoredName(text))).toBe(text)
    }
    expect(new Set(texts.map(toStoredText)).size).toBe(texts.length)
    expect(new Set(texts.map(toStoredName)).size).toBe(texts.length)
  })

  test('has the same order when it is stored', () => {
    const ordered = ['a', 'a␙', 'a␚', 'a␚b', 'a␚␙', 'a␚␚', 'a␛', 'b']
    expect(ordered.map(toStoredText).toSorted()).toEqual(ordered.map(toStoredText))
  })
})
