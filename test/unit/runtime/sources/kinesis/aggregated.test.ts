import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { userRecords } from '../../../../../lib/runtime/sources/kinesis/aggregated.ts'
import { aggregateOf, framed, messageOf, type Packed } from './aggregate.ts'

const packed: fc.Arbitrary<readonly Packed[]> = fc.array(
  fc.record({
    partitionKey: fc.string({ unit: 'grapheme', maxLength: 20 }),
    data: fc.uint8Array({ maxLength: 300 }),
  }),
  { maxLength: 30 },
)
const plain = (records: readonly Packed[] | undefined): unknown =>
  records?.map(({ partitionKey, data }) => ({ partitionKey, data: [...data] }))

test('packed records are unpacked with their keys, in order', () => {
  fc.assert(
    fc.property(packed, (records) => {
      expect(plain(userRecords(aggregateOf(records)))).toEqual(plain(records))
    }),
  )
})

test('a known record', () => {
  const message = Buffer.from('0a01611a0608001a026869', 'hex')
  expect(plain(userRecords(framed(message)))).toEqual([
    { partitionKey: 'a', data: [...Buffer.from('hi')] },
  ])
})

describe('anything else is not an aggregate', () => {
  const one = [{ partitionKey: 'a', data: Buffer.from('hello') }]

  test.each<[string, Uint8Array]>([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('hello')],
    ['only the magic number', Buffer.from('f3899ac2', 'hex')],
    ['no magic', aggregateOf(one).subarray(1)],
    ['one byte too many', Buffer.concat([aggregateOf(one), Buffer.from([0])])],
    ['a key that is not in the table', framed(Buffer.from('1a0608051a026869', 'hex'))],
    ['a record without data', framed(Buffer.from('0a01611a020800', 'hex'))],
    ['a truncated message', framed(messageOf(one).subarray(0, -3))],
    ['a group, which protobuf has deprecated', framed(Buffer.from([0x0b]))],
    ['a varint without an end', framed(Buffer.alloc(11, 0xff))],
    ['field 0', framed(Buffer.from([0x00, 0x01]))],
  ])('%s', (_, bytes) => expect(userRecords(bytes)).toBeUndefined())

  test('an aggregate with any byte changed', () => {
    const whole = aggregateOf(one)
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole)
      changed[at] = (changed[at] as number) ^ 1
      expect(userRecords(changed)).toBeUndefined()
    }
  })

  test('any bytes in a frame', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void userRecords(framed(bytes))),
    )
  })
})
