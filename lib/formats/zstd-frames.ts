/**
 * Where the frames of zstd data end, by RFC 8878. Node decodes one frame and then ignores the rest
 * of its input, and some versions accept a frame that is cut off. So the frames are found here, and
 * each is decoded by itself.
 */
import { asBuffer } from './text-lines.ts'

/** The first bytes of a frame. */
export const ZSTD_MAGIC: Buffer = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])

/** The magic numbers of frames without data: 0x184D2A50 to 0x184D2A5F. */
const SKIPPABLE_MAGIC = 0x184d2a5
const SKIPPABLE_HEADER_BYTES = 8
const BLOCK_HEADER_BYTES = 3
const CHECKSUM_BYTES = 4
/** A block of this type holds one byte, which is repeated. */
const RLE_BLOCK = 1
/** The sizes of the dictionary id, by two bits of the header. */
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const
/** The sizes of the content size, by two bits of the header. */
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const

/** One frame. */
export interface ZstdFrame {
  /** Where it ends. Undefined: the data ends first. */
  readonly end: number | undefined
  /** Whether it has no data. */
  readonly isSkippable: boolean
}

const isSkippableAt = (bytes: Buffer, at: number): boolean =>
  bytes.length >= at + 4 && bytes.readUInt32LE(at) >>> 4 === SKIPPABLE_MAGIC

const isDataAt = (bytes: Buffer, at: number): boolean =>
  bytes.subarray(at, at + ZSTD_MAGIC.length).equals(ZSTD_MAGIC)

/**
 * The frame that begins at an offset. Undefined: none begins there.
 *
 * @example zstdFrameAt(zstdCompressSync('to be'), 0) // { end: 18, isSkippable: false }
 */
export const zstdFrameAt = (data: Uint8Array, at: number): ZstdFrame | undefined => {
  const bytes = asBuffer(data)
  if (isDataAt(bytes, at)) return { end: dataFrameEnd(bytes, at), isSkippable: false }
  if (!isSkippableAt(bytes, at)) return undefined
  const contentAt = at + SKIPPABLE_HEADER_BYTES
  const end = contentAt > bytes.length ? undefined : contentAt + bytes.readUInt32LE(at + 4)
  return { end: end === undefined || end > bytes.length ? undefined : end, isSkippable: true }
}

const dataFrameEnd = (bytes: Buffer, at: number): number | undefined => {
  const descriptor = bytes[at + ZSTD_MAGIC.length]
  if (descriptor === undefined) return undefined
  const hasChecksum = (descriptor & 0x04) !== 0
  for (let next = at + ZSTD_MAGIC.length + headerBytes(descriptor); ;) {
    if (next + BLOCK_HEADER_BYTES > bytes.length) return undefined
    const header = bytes.readUIntLE(next, BLOCK_HEADER_BYTES)
    const size = ((header >> 1) & 3) === RLE_BLOCK ? 1 : header >> 3
    next += BLOCK_HEADER_BYTES + size
    if ((header & 1) === 0) continue
    const end = next + (hasChecksum ? CHECKSUM_BYTES : 0)
    return end > bytes.length ? undefined : end
  }
}

/** The size of the frame header after the magic number, by its first byte. */
const headerBytes = (descriptor: number): number => {
  const isSingleSegment = (descriptor & 0x20) !== 0
  const sizeFlag = descriptor >> 6
  const contentSize = sizeFlag === 0 && isSingleSegment ? 1 : (CONTENT_SIZE_BYTES[sizeFlag] ?? 0)
  const dictionaryId = DICTIONARY_ID_BYTES[descriptor & 3] ?? 0
  return 1 + (isSingleSegment ? 0 : 1) + dictionaryId + contentSize
}
