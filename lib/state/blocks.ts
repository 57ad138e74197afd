/**
 * Blocks: the records of one append to a lane, as a segment. Positions are not stored in full.
 * Consecutive positions need nothing; other positions are stored as steps. A position in the lane
 * of a Kinesis shard has 62 digits. But a step between two positions is a small number followed by
 * many zeros in binary: about 5 bytes instead of 65.
 */
import { crc32 } from 'node:zlib'
import { decode, encode, fold } from '../base/codec.ts'
import { invariant } from '../base/errors.ts'
import { isSimple } from '../base/packed.ts'
import type { ItemStore } from '../ports/item-store.ts'
import { advance, type BlockRef } from './lane-entries.ts'
import { type NamedSegment, nameSegment, putSegment, readSegment } from './segments.ts'

/** A record with its position in the lane. */
export interface PositionedRecord {
  readonly position: string
  readonly record: unknown
}

/**
 * A block as it is stored. `steps`: from each position to the next. Undefined: positions are
 * consecutive whole numbers.
 */
export interface Block {
  readonly first: string
  readonly steps?: Uint8Array
  readonly records: readonly unknown[]
}

const ZERO = '0'.charCodeAt(0)

/** The number of zeros at the end of a positive number in binary. */
const zerosAtEnd = (n: bigint): number => {
  // Halving it would take as many divisions of a large number: 96 for each record of Kinesis.
  const hex = n.toString(16)
  let end = hex.length
  while (hex.charCodeAt(end - 1) === ZERO) end -= 1
  const digit = Number.parseInt(hex.charAt(end - 1), 16)
  return 4 * (hex.length - end) + 31 - Math.clz32(digit & -digit)
}

/**
 * A step as bytes: the number of zeros at its end in binary, the length of the rest in bytes, and
 * the rest.
 */
const packStep = (step: bigint): Uint8Array => {
  const zeros = zerosAtEnd(step)
  const hex = (step >> BigInt(zeros)).toString(16)
  const digits = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
  return Buffer.from([zeros, digits.byteLength, ...digits])
}

const packSteps = (records: readonly PositionedRecord[]): Uint8Array => {
  const positions = records.map(({ position }) => BigInt(position))
  return new Uint8Array(
    Buffer.concat(
      positions
        .slice(1)
        .map((position, index) => packStep(position - (positions[index] as bigint))),
    ),
  )
}

const unpackSteps = (first: string, steps: Uint8Array): readonly string[] => {
  const positions = [first]
  const bytes = Buffer.from(steps)
  let position = BigInt(first)
  for (let at = 0; at < bytes.byteLength;) {
    const [zeros = 0, length = 0] = bytes.subarray(at, at + 2)
    at += 2 + length
    position += BigInt(`0x${bytes.toString('hex', at - length, at)}`) << BigInt(zeros)
    positions.push(String(position))
  }
  return positions
}

const isRun = (records: readonly PositionedRecord[]): boolean => {
  const first = records[0]?.position ?? ''
  return records.every(({ position }, index) => position === advance(first, index))
}

/** The positions of the records of a block. */
export const positionsOf = ({ first, steps, records }: Block): readonly string[] =>
  steps === undefined ? records.map((_, index) => advance(first, index)) : unpackSteps(first, steps)

/** Makes a block. `records` has at least one record, in the order of positions. */
export const blockOf = (records: readonly PositionedRecord[]): Block => ({
  first: records[0]?.position as string,
  ...(isRun(records) ? {} : { steps: packSteps(records) }),
  records: records.map(({ record }) => record),
})

/** What is known of records, however they are stored. */
export interface MeasuredRecords {
  /** Their size when they are encoded, without positions. */
  readonly bytes: number
  /** See {@link recordsChecksum}. */
  readonly sum: number
}

/** Measures records. */
export const measureRecords = (records: readonly PositionedRecord[]): MeasuredRecords => {
  const bytes = encode(records.map(({ record }) => record))
  const positions = crc32(records.map(({ position }) => position).join())
  return { bytes: bytes.byteLength, sum: crc32(bytes, positions) }
}

/**
 * Checksum of records and their positions (B7). It does not depend on how blocks are encoded: a
 * stored block and a block that is made again from the source have the same checksum.
 */
export const recordsChecksum = (records: readonly PositionedRecord[]): number =>
  measureRecords(records).sum

/** A block that has a name already, but is not written yet. */
export interface NamedBlock {
  readonly ref: BlockRef
  readonly segment: NamedSegment
}

/** Lines have nothing to fold. */
const bytesOfBlock = (block: Block): Uint8Array => {
  const bytes = encode(block)
  return block.records.some((record) => !isSimple(record)) ? fold(bytes) : bytes
}

/** Names records as a block of a lane, without writing it. */
export const nameBlock = (
  store: ItemStore,
  app: string,
  { node, by }: { readonly node: string; readonly by: string },
  records: readonly PositionedRecord[],
): NamedBlock => {
  const at = (records.at(-1) as PositionedRecord).position
  const block = blockOf(records)
  const segment = nameSegment(store, app, { node, part: 0, at, by }, bytesOfBlock(block))
  return {
    ref: {
      ...segment.ref,
      first: block.first,
      count: records.length,
      sum: recordsChecksum(records),
    },
    segment,
  }
}

/** Stores records as a block of a lane. No lane names the block yet. */
export const writeBlock = async (
  store: ItemStore,
  app: string,
  name: { readonly node: string; readonly by: string },
  records: readonly PositionedRecord[],
): Promise<BlockRef> => {
  const { ref, segment } = nameBlock(store, app, name, records)
  await putSegment(store, segment)
  return ref
}

/**
 * Reads a block.
 *
 * @throws MillraceError the errors of `readSegment`.
 */
export const readBlock = async (store: ItemStore, app: string, ref: BlockRef): Promise<Block> => {
  const block = decode(await readSegment(store, app, ref)) as Block
  invariant(
    'B7',
    block.records.length === ref.count,
    `a block of ${ref.node} holds ${block.records.length} records, its entry says ${ref.count}`,
  )
  return block
}
