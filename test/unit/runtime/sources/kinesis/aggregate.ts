/**
 * Packs records as the Kinesis Producer Library does, to test the reader. Written from the
 * description of the format.
 */
import { createHash } from 'node:crypto'

export interface Packed {
  readonly partitionKey: string
  readonly data: Uint8Array
}

const varint = (value: number): Buffer => {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return Buffer.from([...bytes, rest])
}

const field = (number: number, value: Uint8Array | number): Buffer =>
  typeof value === 'number'
    ? Buffer.concat([varint(number * 8), varint(value)])
    : Buffer.concat([varint(number * 8 + 2), varint(value.byteLength), value])

/** Magic, message and digest. */
export const framed = (message: Uint8Array): Buffer =>
  Buffer.concat([
    Buffer.from([0xf3, 0x89, 0x9a, 0xc2]),
    message,
    createHash('md5').update(message).digest(),
  ])

export const messageOf = (records: readonly Packed[]): Buffer => {
  const keys = [...new Set(records.map(({ partitionKey }) => partitionKey))]
  const table = keys.map((key) => field(1, Buffer.from(key)))
  const bodies = records.map(({ partitionKey, data }) =>
    field(
      3,
      Buffer.concat([
        field(1, keys.indexOf(partitionKey)),
        field(2, 0),
        field(3, data),
        field(4, Buffer.from('tag')),
      ]),
    ),
  )
  return Buffer.concat([...table, field(2, Buffer.from('12345678901234567890')), ...bodies])
}

export const aggregateOf = (records: readonly Packed[]): Buffer => framed(messageOf(records))
