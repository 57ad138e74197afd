import { describe, expect, test } from 'vitest'
import type { Message, SinkDeclaration } from '../../lib/rdd/sink-declaration.ts'
import { type EventOptions, eventbridge } from '../../lib/sinks/eventbridge/eventbridge.ts'
import { kinesis, type RecordOptions } from '../../lib/sinks/kinesis/kinesis.ts'
import { sns, type TopicOptions } from '../../lib/sinks/sns/sns.ts'
import { errorOf } from './errors.ts'
import { type Faked, fakeBus, fakeStream, fakeTopic } from './fake-services.ts'
import { fenceOf, writeBatch } from './write-batch.ts'

const FIFO = 'arn:aws:sns:eu-west-1:1:orders.fifo'
const STANDARD = 'arn:aws:sns:eu-west-1:1:orders'

/** What a service is given for one element. */
const given = async <M extends Message>(
  { service, sink }: Faked<M>,
  { send, settings }: SinkDeclaration<unknown>,
  element: unknown,
): Promise<unknown> => {
  const messages = [send(element) as M]
  await writeBatch(sink, { path: 'a', timeMs: 0, settings }, fenceOf(1, 1), [messages])
  return service.taken[0]
}

const ID = expect.stringMatching(/^[0-9a-f]{32}$/) as string
const DIGEST = expect.stringMatching(/^[0-9a-f]{64}$/) as string
const ID_ATTRIBUTE = { millraceId: { DataType: 'String', StringValue: ID } }
const codeOf = async (make: () => unknown): Promise<string> =>
  (await errorOf(async () => make())).code

describe('a topic', () => {
  test('that keeps the order gets groups and ids', async () => {
    expect(await given(fakeTopic(FIFO), sns('a'), ['k', 1])).toEqual({
      Id: '0',
      Message: '["k",1]',
      MessageGroupId: 'k',
      MessageDeduplicationId: ID,
      MessageAttributes: ID_ATTRIBUTE,
    })
    expect(await given(fakeTopic(FIFO), sns('a'), 'text')).toMatchObject({ MessageGroupId: 'all' })
  })

  test.each(['', 'New York', 'café', 'x'.repeat(129)])(
    'has one group for each key, also for one that cannot be a group: %s',
    async (key) => {
      const groups = await Promise.all(
        [
          [key, 1],
          [key, 2],
          [`${key}!`, 1],
        ].map(async (pair) => {
          const entry = await given(fakeTopic(FIFO), sns('a'), pair)
          return (entry as { readonly MessageGroupId: string }).MessageGroupId
        }),
      )
      expect(groups[0]).toMatch(/^[!-~]{1,128}$/)
      expect(groups[1]).toBe(groups[0])
      expect(groups[2]).not.toBe(groups[0])
    },
  )

  test('that is a standard one gets subject and attributes', async () => {
    const options: TopicOptions<unknown> = {
      subject: () => 'News',
      attributes: () => ({ shop: 'berlin', price: 1.5, tags: ['a', 1, null] }),
    }
    expect(await given(fakeTopic(STANDARD), sns('a', options), 'text')).toEqual({
      Id: '0',
      Message: 'text',
      Subject: 'News',
      MessageAttributes: {
        shop: { DataType: 'String', StringValue: 'berlin' },
        price: { DataType: 'Number', StringValue: '1.5' },
        tags: { DataType: 'String.Array', StringValue: '["a",1,null]' },
        ...ID_ATTRIBUTE,
      },
    })
  })

  const many = (count: number): object =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, 1]))
  const attributes = (value: object): TopicOptions<unknown> => ({
    attributes: () => value as Record<string, string>,
  })
  const subject = (text: string): TopicOptions<unknown> => ({ subject: () => text })

  test.each<[string, unknown, TopicOptions<unknown>, boolean]>([
    ['nothing', '', {}, false],
    ['as much as it may', 'x'.repeat(262_144 - 48), {}, true],
    ['a byte too much', 'x'.repeat(262_144 - 47), {}, false],
    ['too much with its attributes', 'x'.repeat(262_090), attributes({ a: 1 }), false],
    ['a character that it has not', 'a\u0000', {}, false],
    ['half a character', '\ud800', {}, false],
    ['a key that is no group', 'a', { key: () => 'a b' }, true],
    ['a pair whose key is no group', ['', 1], {}, true],
    ['a long subject', 'a', subject('s'.repeat(100)), true],
    ['a longer subject', 'a', subject('s'.repeat(101)), false],
    ['a subject of two lines', 'a', subject('a\nb'), false],
    ['nine attributes', 'a', attributes(many(9)), true],
    ['ten attributes and the id', 'a', attributes(many(10)), false],
    ['an empty attribute', 'a', attributes({ a: '' }), false],
    ['an attribute that is no number', 'a', attributes({ a: Number.NaN }), false],
    ['an attribute of AWS', 'a', attributes({ 'aws.a': 'b' }), false],
    ['an attribute with dots', 'a', attributes({ 'a.b-c_d': 'b' }), true],
    ['an attribute with two dots', 'a', attributes({ 'a..b': 'b' }), false],
    ['the attribute of the id', 'a', attributes({ millraceId: 'b' }), false],
  ])('is given %s', async (_, element, options, isTaken) => {
    const { send } = sns<unknown>('a', options)
    if (isTaken) expect(send(element)).toBeDefined()
    else expect(await codeOf(() => send(element))).toBe('VALUE_UNSUPPORTED')
  })
})

describe('an event bus', () => {
  const OPTIONS: EventOptions<unknown> = { source: 'shop', detailType: 'Order placed' }
  const detailOf = async (element: unknown, options: object = {}): Promise<unknown> => {
    const declared = eventbridge('a', { ...OPTIONS, ...options })
    const { Detail } = (await given(fakeBus('b'), declared, element)) as { Detail: string }
    return JSON.parse(Detail)
  }

  test('gets source, type, time, resources and detail', async () => {
    const options: EventOptions<unknown> = {
      source: () => 'shop',
      detailType: () => 'Order placed',
      time: () => new Date(5_000),
      resources: () => ['arn:a'],
    }
    expect(await given(fakeBus('b'), eventbridge('a', options), { n: 1 })).toEqual({
      EventBusName: 'b',
      Source: 'shop',
      DetailType: 'Order placed',
      Time: new Date(5_000),
      Resources: ['arn:a'],
      Detail: expect.stringMatching(/^\{"metadata":\{"id":"[0-9a-f]{32}"\},"n":1\}$/) as string,
    })
    expect(await given(fakeBus('b'), eventbridge('a', OPTIONS), 'a')).not.toHaveProperty('Time')
  })

  test.each<[string, unknown, object, object]>([
    ['an object', { n: 1 }, {}, { metadata: { id: ID }, n: 1 }],
    ['nothing', {}, {}, { metadata: { id: ID } }],
    ['names of numbers', { 7: 'a' }, {}, { metadata: { id: ID }, 7: 'a' }],
    ['a pair', ['k', 2], {}, { metadata: { id: ID }, key: 'k', value: 2 }],
    ['a text', 'a', {}, { metadata: { id: ID }, value: 'a' }],
    [
      'metadata of its own',
      { n: 1, metadata: { version: 2 } },
      {},
      { metadata: { id: ID, version: 2 }, n: 1 },
    ],
    ['what a function gives', 'a', { detail: () => ({ b: 1 }) }, { metadata: { id: ID }, b: 1 }],
  ])('gets %s with the id', async (_, element, options, detail) => {
    expect(await detailOf(element, options)).toEqual(detail)
  })

  test.each<[string, unknown, Partial<EventOptions<unknown>>]>([
    ['metadata that are no object', { metadata: 1 }, {}],
    ['an id that is taken', { metadata: { id: 1 } }, {}],
    ['a detail that is no object', 'a', { detail: () => 'a' as never }],
    ['a source of AWS', 'a', { source: () => 'aws.s3' }],
    ['an empty type', 'a', { detailType: () => '' }],
    ['a long type, which it would throw away', 'a', { detailType: () => 't'.repeat(129) }],
    ['no date', 'a', { time: () => new Date(Number.NaN) }],
    ['no number', 'a', { time: () => Infinity }],
    ['too much', 'x'.repeat(262_144), {}],
  ])('refuses %s', async (_, element, options) => {
    const { send } = eventbridge<unknown>('a', { ...OPTIONS, ...options })
    expect(await codeOf(() => send(element))).toBe('VALUE_UNSUPPORTED')
  })

  test('may have several outputs, if their events are of different types', () => {
    const placeOf = (options: object): string => eventbridge('a', { ...OPTIONS, ...options }).place
    expect(placeOf({})).toBe('eventbridge://a/shop/Order%20placed')
    expect(placeOf({ detailType: () => 't' })).toBe('eventbridge://a/events')
  })

  test.each([{}, { source: 's' }, { source: '', detailType: 't' }])(
    'needs a source and a type: %j',
    async (options) => {
      expect(await codeOf(() => eventbridge('a', options as never))).toBe('ARGUMENT_INVALID')
    },
  )
})

describe('a stream', () => {
  test.each<[string, unknown, RecordOptions<unknown>, object]>([
    ['a text', 'a', {}, { text: 'a', PartitionKey: ID, stream: 's' }],
    ['a pair', ['k', 1], {}, { text: '["k",1]', PartitionKey: 'k' }],
    ['a pair whose key is no partition key', ['', 1], {}, { text: '["",1]', PartitionKey: DIGEST }],
    ['a pair with a long key', ['k'.repeat(257), 1], {}, { PartitionKey: DIGEST }],
    ['a key', 'a', { key: () => 'mine' }, { text: 'a', PartitionKey: 'mine' }],
    [
      'a field for the id',
      { n: 1 },
      { idField: 'id' },
      { text: expect.stringMatching(/^\{"id":"[0-9a-f]{32}","n":1\}$/) as string },
    ],
    [
      'an empty object',
      {},
      { idField: 'id' },
      { text: expect.stringMatching(/^\{"id":"[0-9a-f]{32}"\}$/) as string },
    ],
    [
      'a text with spaces',
      ' { "n" : 1 } ',
      { idField: 'a "b"' },
      { text: expect.stringMatching(/^\{"a \\"b\\"":"[0-9a-f]{32}", "n" : 1 \}$/) as string },
    ],
  ])('gets %s', async (_, element, options, record) => {
    expect(await given(fakeStream('s'), kinesis('a', options), element)).toMatchObject(record)
  })

  test.each<[string, unknown, RecordOptions<unknown>, boolean]>([
    ['as much as it may', 'x'.repeat(1024 * 1024 - 32), {}, true],
    ['a byte too much', 'x'.repeat(1024 * 1024 - 31), {}, false],
    ['too much with its key', 'x'.repeat(1024 * 1024 - 2), { key: () => 'abc' }, false],
    ['an empty key', 'a', { key: () => '' }, false],
    ['a long key', 'a', { key: () => 'é'.repeat(256) }, true],
    ['a longer key', 'a', { key: () => 'k'.repeat(257) }, false],
    ['half a character', '\ud800', {}, false],
    ['no object for the id', 'a', { idField: 'id' }, false],
    ['a list for the id', [1], { idField: 'id' }, false],
    ['a field that is taken', { id: 1 }, { idField: 'id' }, false],
  ])('is given %s', async (_, element, options, isTaken) => {
    const { send } = kinesis<unknown>('a', options)
    if (isTaken) expect(send(element)).toBeDefined()
    else expect(await codeOf(() => send(element))).toBe('VALUE_UNSUPPORTED')
  })

  test('is named, or has an ARN', async () => {
    const arn = 'arn:aws:kinesis:eu-west-1:1:stream/s'
    expect(await given(fakeStream(arn), kinesis('a'), 'a')).toMatchObject({ stream: arn })
    expect(await codeOf(() => kinesis('a', { idField: '' }))).toBe('ARGUMENT_INVALID')
  })
})
