import { type MillraceError, seconds, stream } from 'millrace'
import { kafka, type KafkaOptions, kafkaRecords } from 'millrace/kafka'
import { testStream } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { printSink } from '../../../../../lib/adapters/print-sink.ts'
import { bindPlan } from '../../../../../lib/runtime/bindings.ts'
import type { Location } from '../../../../../lib/runtime/locations.ts'
import type { KafkaLocation } from '../../../../../lib/runtime/sources/kafka/event.ts'

const pipeline = (options: KafkaOptions = {}) =>
  stream('orders', { batchInterval: seconds(1) }, (ssc) => {
    ssc.streamFrom(kafka('orders', options)).print()
  })

/** Where the source is, with these bindings. */
const locate = (options: KafkaOptions, ...bindings: readonly string[]): Location | undefined => {
  const sinks = { print: printSink({ print: () => undefined }) }
  const parts = { bindings, cwd: '/', sources: {}, sinks }
  return bindPlan(pipeline(options).build(), parts).sources.get('kafka-1')
}

describe('a topic is where', () => {
  const topic = (brokers: string, name?: string): KafkaLocation => ({
    kind: 'kafka',
    brokers,
    ...(name === undefined ? {} : { topic: name }),
  })

  test.each([
    ['its binding says', 'kafka://localhost:9092', topic('localhost:9092')],
    ['its binding says, with a topic', 'kafka://a:1/shop.orders-1', topic('a:1', 'shop.orders-1')],
    [
      'several brokers are',
      'kafka://a.b:1,[::1]:2,10.0.0.1:3/t',
      topic('a.b:1,[::1]:2,10.0.0.1:3', 't'),
    ],
  ])('%s', (_, uri, location) => {
    expect(locate({}, `orders=${uri}`)).toEqual(location)
  })

  test('its declaration says, without a binding', () => {
    expect(locate({ brokers: ['a:1', 'b:2'] })).toEqual(topic('a:1,b:2'))
    expect(() => locate({})).toThrow('--bind orders=kafka://localhost:9092')
  })

  test.each(['kafka://', 'kafka://a', 'kafka://a:1,b', 'kafka://a:1/x/y', 'kafka://u:p@a:1'])(
    '%s is no address of one',
    (uri) => expect(() => locate({}, `orders=${uri}`)).toThrow('BINDING_INVALID'),
  )
})

test.each<[string, () => unknown]>([
  ['an empty name', () => kafka('')],
  ['a topic of other characters', () => kafka('orders', { topic: 'a b' })],
  ['a topic with the name of a directory', () => kafka('orders', { topic: '..' })],
  ['the latest record', () => kafka('orders', { startingOffsets: 'latest' as never })],
  ['no time', () => kafka('orders', { startingOffsets: { at: new Date('?') } })],
  ['a broker without a port', () => kafka('orders', { brokers: ['localhost'] })],
  ['no brokers', () => kafka('orders', { brokers: [] })],
  ['brokers in one text', () => kafka('orders', { brokers: 'a:1' as never })],
  ['another isolation', () => kafka('orders', { isolation: 'none' as never })],
  ['a negative count', () => kafka('orders', { recreated: -1 })],
  ['security that is no function', () => kafka('orders', { security: {} as never })],
  ['an empty group', () => kafka('orders', { groupId: '' })],
  ['a decoder that is no function', () => kafkaRecords('orders', { decode: 1 as never })],
])('%s is refused', (_, declare) => {
  const thrown = ((): unknown => {
    try {
      return declare()
    } catch (error) {
      return error
    }
  })() as MillraceError
  expect(thrown).toMatchObject({ name: 'MillraceError', code: 'ARGUMENT_INVALID' })
})

test('what is no source is refused', () => {
  const build = (): unknown =>
    stream('orders', { batchInterval: seconds(1) }, (ssc) => {
      ssc.streamFrom('orders' as never).print()
    }).build()
  expect(build).toThrow("streamFrom(kafka('orders'))")
})

test('only the name is part of the plan', () => {
  const hashOf = (options: KafkaOptions): string => pipeline(options).build().hash
  const other = hashOf({ topic: 'x', groupId: 'g', recreated: 3, brokers: ['a:1'] })
  expect(other).toBe(hashOf({}))
})

test('tests feed a topic with texts, or with all that a record has', async () => {
  const app = await testStream(
    stream('orders', { batchInterval: seconds(1) }, (ssc) => {
      ssc.streamFrom(kafka('texts')).print()
      ssc
        .streamFrom(
          kafkaRecords('records', {
            decode: ({ key, value, headers, partition, offset }) =>
              [key, value, ...headers.map(([, text]) => text)]
                .map((bytes) => (bytes === null ? '-' : Buffer.from(bytes).toString()))
                .concat(`${partition}:${offset}`)
                .join(),
          }),
        )
        .print()
    }),
  )
  app.input('texts').add('tea', 'milk', { value: null, key: 'gone' })
  app.input('records').add({ value: 'a', key: 'k', headers: { h: 'x' }, partition: 2 }, 'b')
  await app.advance(seconds(1))
  app.input('records').add({ value: null, partition: 2 })
  await app.advance(seconds(1))
  expect(app.output('print-1').runs[0]?.elements).toEqual(['tea', 'milk'])
  expect(app.output('print-2').runs.map(({ elements }) => elements)).toEqual([
    ['-,b,0:0', 'k,a,x,2:0'],
    ['-,-,2:1'],
  ])
  const found = await app.deadLetters()
  expect(found.map(({ code }) => code)).toEqual(['RECORD_WITHOUT_VALUE'])
})
