import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { memoryItemStore } from '../../../lib/adapters/memory/memory-item-store.ts'
import { encode } from '../../../lib/base/codec.ts'
import { positionOf } from '../../../lib/runtime/sources/kinesis/positions.ts'
import {
  blockOf,
  positionsOf,
  type PositionedRecord,
  readBlock,
  recordsChecksum,
  writeBlock,
} from '../../../lib/state/blocks.ts'

const at = (...positions: readonly (string | number | bigint)[]): readonly PositionedRecord[] =>
  positions.map((position, index) => ({ position: String(position), record: `record ${index}` }))

/** Two consecutive positions from the examples of AWS. */
const [KINESIS_1, KINESIS_2] = [
  '49590338271490256608559692538361571095921575989136588898',
  '49590338271490256608559692540925702759324208523137515618',
]

describe('positions', () => {
  test.each<[string, readonly PositionedRecord[]]>([
    ['one', at(7)],
    ['that are consecutive', at(7, 8, 9)],
    ['with gaps', at(1, 3, 4, 1_000, 2_024)],
    ['of Kinesis', at(positionOf(KINESIS_1), positionOf(KINESIS_2))],
    [
      'of aggregated records of Kinesis',
      at(...[0, 1, 2].map((index) => positionOf(KINESIS_1, index)), positionOf(KINESIS_2)),
    ],
  ])('are read as they were written: %s', (_, records) => {
    expect(positionsOf(blockOf(records))).toEqual(records.map(({ position }) => position))
  })

  test.each<[string, bigint, string]>([
    ['an odd one', 0x1234567n, '000401234567'],
    ['one zero', 6n, '010103'],
    ['as many zeros as a digit has', 16n, '040101'],
    ['zeros beyond the last digit', 0x300n << 2n, '0a0103'],
    ['as of Kinesis', 3n << 96n, '600103'],
    ['more bits than a number has', (1n << 200n) + 1n, `001a01${'00'.repeat(24)}01`],
  ])('a step is stored as its zeros, its length and the rest: %s', (_, step, bytes) => {
    const { steps = new Uint8Array() } = blockOf(at(7n, 7n + step))
    expect(Buffer.from(steps).toString('hex')).toBe(bytes)
  })

  test('are read as they were written, with any steps between them', () => {
    const steps = fc.array(
      fc.tuple(fc.bigInt({ min: 1n, max: 2n ** 120n }), fc.nat({ max: 130 })),
      { maxLength: 30 },
    )
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 200n }), steps, (first, all) => {
        const positions = [first]
        for (const [step, zeros] of all)
          positions.push((positions.at(-1) as bigint) + (step << BigInt(zeros)))
        expect(positionsOf(blockOf(at(...positions)))).toEqual(positions.map(String))
      }),
    )
  })

  test.each([
    ['of consecutive whole numbers', 0, (index: number) => BigInt(index + 1)],
    // Within a second, Kinesis increments the upper half of its numbers.
    [
      'of a shard within a second',
      4,
      (index: number) => BigInt(positionOf(KINESIS_1)) + (BigInt(index * 300 + 1) << 96n),
    ],
  ])('%s take %i bytes at most', (_, bytesMax, positionAt) => {
    const records = at(...Array.from({ length: 200 }, (__, index) => positionAt(index)))
    const plain = encode({
      first: records[0]?.position,
      records: records.map(({ record }) => record),
    })
    expect(
      (encode(blockOf(records)).byteLength - plain.byteLength - 20) / records.length,
    ).toBeLessThanOrEqual(bytesMax)
  })
})

test('a block is read from the store as it was written', async () => {
  const store = memoryItemStore()
  const records = at(5, 9, 10)
  const ref = await writeBlock(store, 'app', { node: 'lines/0', by: 'me' }, records)
  expect(ref).toMatchObject({
    node: 'lines/0',
    at: '10',
    first: '5',
    count: 3,
    sum: recordsChecksum(records),
  })
  expect(await readBlock(store, 'app', ref)).toEqual(blockOf(records))
})

describe('the checksum of records', () => {
  const records = at(5, 9)
  test.each<[string, readonly PositionedRecord[]]>([
    ['another position', at(5, 10)],
    ['another record', [records[0]!, { position: '9', record: 'another' }]],
    ['one less', at(5)],
    ['another order', [records[1]!, records[0]!]],
  ])('differs for %s', (_, others) => {
    expect(recordsChecksum(others)).not.toBe(recordsChecksum(records))
  })
})
