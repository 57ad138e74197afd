import { type MillraceError, seconds, stream } from 'millrace'
import { mqtt, type MqttOptions, mqttRecords } from 'millrace/mqtt'
import { testStream } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { printSink } from '../../../../../lib/adapters/print-sink.ts'
import { bindPlan } from '../../../../../lib/runtime/bindings.ts'
import type { Location } from '../../../../../lib/runtime/locations.ts'
import type { MqttLocation } from '../../../../../lib/runtime/sources/mqtt/kind.ts'
import { sourceKind } from '../../../../../lib/runtime/sources/source-kind.ts'

const pipeline = (options: MqttOptions = {}) =>
  stream('rooms', { batchInterval: seconds(1) }, (ssc) => {
    ssc.streamFrom(mqtt('rooms/#', options)).print()
  })

/** Where the source is, with these bindings. */
const locate = (options: MqttOptions, ...bindings: readonly string[]): Location | undefined => {
  const sinks = { print: printSink({ print: () => undefined }) }
  const sources = { mqtt: () => Promise.reject(new Error('nobody connects')) }
  const parts = { bindings, cwd: '/', sources, sinks }
  return bindPlan(pipeline(options).build(), parts).sources.get('mqtt-1')
}

const at = (rest: Partial<MqttLocation> = {}): MqttLocation => ({
  kind: 'mqtt',
  host: 'a.b',
  port: 1_883,
  tls: false,
  ...rest,
})

describe('topics are where', () => {
  test.each<[string, string, MqttLocation]>([
    ['a broker', 'mqtt://a.b', at()],
    ['a port', 'mqtt://a.b:1884', at({ port: 1_884 })],
    ['TLS', 'mqtts://a.b', at({ port: 8_883, tls: true })],
    ['an address of IPv6', 'MQTT://[::1]:1/x', at({ host: '::1', port: 1, filter: 'x' })],
    ['a filter', 'mqtt://a.b/rooms/+/#', at({ filter: 'rooms/+/#' })],
    ['a filter with a slash first', 'mqtt://a.b//x y%41', at({ filter: '/x y%41' })],
    ['a shared filter', 'mqtt://a.b/$share/g/x/#', at({ filter: '$share/g/x/#' })],
    ['a user', 'mqtt://me@a.b', at({ username: 'me' })],
    ['a password', 'mqtt://me:p%40:s@a.b/x', at({ username: 'me', password: 'p@:s', filter: 'x' })],
  ])('a binding says: %s', (_, uri, location) => {
    expect(locate({}, `rooms/#=${uri}`)).toEqual(location)
    const shown = JSON.stringify(sourceKind('mqtt')?.describe(location))
    expect(shown).not.toContain('p@:s')
  })

  test('the declaration says, without a binding', () => {
    expect(locate({ broker: 'mqtt://a.b' })).toEqual(at())
    expect(() => locate({})).toThrow("--bind 'rooms/#=mqtt://localhost:1883'")
  })

  test.each([
    'mqtt://',
    'mqtt:///x',
    'mqtt://a:0',
    'mqtt://a:65536',
    'mqtt://a:x',
    'mqtt://a b',
    'mqtt://u:secret@',
    'mqtt://u%:secret@a',
    'mqtt://a/x/#/y',
    'mqtt://a/x#',
  ])('%s is no address of them', (uri) => {
    expect(() => locate({}, `rooms/#=${uri}`)).toThrow('BINDING_INVALID')
    expect(() => locate({}, `rooms/#=${uri}`)).not.toThrow('secret')
  })
})

test.each([
  'a',
  '/',
  '/a/',
  '+',
  '#',
  '+/+',
  'a/+/b',
  'a/#',
  '$SYS/#',
  '$share/g/a',
  '$share/g/+/#',
])('%s is a filter', (filter) =>
  expect(mqtt('rooms', { filter }).declaration.settings?.['filter']).toBe(filter),
)

test.each<[string, () => unknown]>([
  ['an empty name', () => mqtt('')],
  ['a name that is no filter', () => mqtt('a/#/b')],
  ['an empty filter', () => mqtt('rooms', { filter: '' })],
  ['a filter that goes on after #', () => mqtt('rooms', { filter: '#/a' })],
  ['a filter with # in a level', () => mqtt('rooms', { filter: 'a#' })],
  ['a filter with + in a level', () => mqtt('rooms', { filter: 'a/b+' })],
  ['a filter with a zero', () => mqtt('rooms', { filter: 'a\0' })],
  ['a filter that is too long', () => mqtt('rooms', { filter: 'ü'.repeat(40_000) })],
  ['a filter that is no text', () => mqtt('rooms', { filter: 1 as never })],
  ['a shared filter without a filter', () => mqtt('rooms', { filter: '$share/g/' })],
  ['a shared filter without a group', () => mqtt('rooms', { filter: '$share//a' })],
  ['a shared filter with a wild group', () => mqtt('rooms', { filter: '$share/+/a' })],
  ['a shared filter that is malformed', () => mqtt('rooms', { filter: '$share/g/#/a' })],
  ['another version', () => mqtt('rooms', { protocol: '4' as never })],
  ['retained that is no flag', () => mqtt('rooms', { retained: 1 as never })],
  ['security that is no function', () => mqtt('rooms', { security: {} as never })],
  ['an id that is no function', () => mqtt('rooms', { id: 'x' as never })],
  ['an empty client id', () => mqtt('rooms', { clientId: '' })],
  ['a decoder that is no function', () => mqttRecords('rooms', { decode: 1 as never })],
])('%s is refused', (_, declare) => {
  const thrown = ((): unknown => {
    try {
      return declare()
    } catch (error) {
      return error
    }
  })()
  expect((thrown as MillraceError).code).toBe('ARGUMENT_INVALID')
})

describe('in tests of pipelines', () => {
  test('messages are texts, and those with one id count once', async () => {
    const app = await testStream(
      stream('rooms', { batchInterval: seconds(1) }, (ssc) => {
        const id = ({ payload }: { readonly payload: Uint8Array }): string =>
          `${'long '.repeat(60)}${payload[0]}`
        ssc.streamFrom(mqtt('rooms', { id })).print()
      }),
    )
    app.input('rooms').add('a1', 'b1', 'a2')
    await app.advance(seconds(1))
    app.input('rooms').add('b3', { payload: Buffer.from('c1'), topic: 'rooms/1' })
    await app.advance(seconds(1))
    expect(app.output('print-1').runs.map(({ elements }) => elements)).toEqual([
      ['a1', 'b1'],
      ['c1'],
    ])
  })

  test('messages have topics and bytes, and are decoded', async () => {
    const app = await testStream(
      stream('rooms', { batchInterval: seconds(1) }, (ssc) => {
        ssc
          .streamFrom(mqttRecords('rooms'))
          .map(({ topic, payload, retain, qos }) => [topic, payload.length, retain, qos].join())
          .print()
        const decode = ({ payload }: { readonly payload: Uint8Array }): number => {
          if (payload.length === 0) throw new Error('it is empty')
          return payload[0] as number
        }
        ssc.streamFrom(mqttRecords('rooms', { decode })).print()
      }),
    )
    app.input('rooms').add({ payload: Buffer.of(7), topic: 'a/b', retain: true }, '')
    await app.advance(seconds(1))
    expect(app.output('print-1').runs[0]?.elements).toEqual(['a/b,1,true,1', 'rooms,0,false,1'])
    expect(app.output('print-2').runs[0]?.elements).toEqual([7])
    const letters = await app.deadLetters()
    expect(letters.map(({ message }) => message)).toEqual(['Error: it is empty'])
  })
})
