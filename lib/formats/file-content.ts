/**
 * The content of a file, decompressed. Compressed data is decoded member by member and frame by
 * frame, within limits: at most as many bytes as the limits allow are ever in memory, also if the
 * file would give more.
 *
 * Decoding does not wait for anything, so that the simulator sees the same order of events as
 * production.
 */
import { gunzipSync, type ZlibOptions, type ZstdOptions, zstdDecompressSync } from 'node:zlib'
import { isMillraceError, type MillraceError } from '../base/errors.ts'
import { utf8Of } from './charsets.ts'
import {
  type Compression,
  expectedCompressions,
  type FileLabels,
  recognise,
  RECOGNISED_BYTES,
} from './compression.ts'
import {
  contentTooLarge,
  corrupt,
  cutOff,
  tooLarge,
  undecodable,
  unsupported,
} from './file-errors.ts'
import { contentBytesMax, type FileLimits } from './file-limits.ts'
import { asBuffer } from './text-lines.ts'
import { zstdFrameAt } from './zstd-frames.ts'

/** Data may be compressed again: by a program, and by the service that stores it. */
const LAYERS_MAX = 3

/** A file as it is stored. */
export interface StoredFile extends FileLabels {
  readonly bytes: Uint8Array
}

const CHUNK_BYTES_MIN = 16 * 1024
const CHUNK_BYTES_MAX = 1024 * 1024

/** With `info: true` both say how many bytes they have used. The types of Node leave it out. */
type Decode = (
  bytes: Uint8Array,
  options: ZlibOptions & ZstdOptions,
) => { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } }

const DECODE = { gzip: gunzipSync, zstd: zstdDecompressSync } as unknown as Readonly<
  Record<Compression, Decode>
>

/** What the limits allow for one file. */
interface Budget {
  readonly file: StoredFile
  readonly limits: FileLimits
  /** Whether text is expected. Otherwise unknown bytes are taken as they are. */
  readonly isText: boolean
  /** The largest content of this file. */
  readonly bytes: number
}

/** @throws MillraceError `OBJECT_TOO_LARGE` if a file is too large as it is stored. */
export const checkStoredSize = (
  file: FileLabels & { readonly sizeBytes: number },
  { bytes }: FileLimits,
): void => {
  if (file.sizeBytes > bytes) throw tooLarge(file, `has ${file.sizeBytes} bytes`, `${bytes} bytes`)
}

const overBudget = ({ file, limits }: Budget): MillraceError =>
  contentTooLarge(file, file.bytes.length, limits)

/**
 * The bytes of a file in pieces, decompressed if they are gzip or zstd.
 *
 * @throws MillraceError while it is iterated: `OBJECT_CORRUPT`, `OBJECT_TOO_LARGE`.
 */
export const fileContent = (file: StoredFile, limits: FileLimits): Iterable<Uint8Array> =>
  contentOf([file.bytes], budgetOf(file, limits, false), 0)

/**
 * The text of a file in UTF-8, in pieces. A file of UTF-8 that is not compressed is one piece.
 *
 * @throws MillraceError while it is iterated: `OBJECT_CORRUPT` if the file is cut off or damaged,
 * `OBJECT_TOO_LARGE` beyond the limits, `OBJECT_UNSUPPORTED` if it is no text that can be read.
 */
export function* fileText(file: StoredFile, limits: FileLimits): Generator<Uint8Array> {
  try {
    yield* utf8Of(contentOf([file.bytes], budgetOf(file, limits, true), 0))
  } catch (error) {
    if (isMillraceError(error)) throw error
    throw corrupt(file, 'A file begins as UTF-16, but is not valid UTF-16', error)
  }
}

const budgetOf = (file: StoredFile, limits: FileLimits, isText: boolean): Budget => ({
  file,
  limits,
  isText,
  bytes: contentBytesMax(file.bytes.length, limits),
})

/** Takes off one layer of compression after the other. */
function* contentOf(
  pieces: Iterable<Uint8Array>,
  budget: Budget,
  layer: number,
): Generator<Buffer> {
  const { file, isText } = budget
  const { first, all } = withFirst(pieces)
  const found = recognise(first, layer === 0 ? expectedCompressions(file) : [])
  if (found.kind === 'compressed') {
    const { compression } = found
    if (layer === LAYERS_MAX) throw unsupported(file, `${compression} (${LAYERS_MAX} times over)`)
    yield* contentOf(decoded(joined(all), compression, budget), budget, layer + 1)
  } else if (isText && found.kind === 'unsupported') throw unsupported(file, found.name)
  else if (isText && found.kind === 'corrupt')
    throw corrupt(file, `A file is neither ${found.expected} data nor text`)
  else yield* all
}

const joined = (pieces: Iterable<Buffer>): Buffer => {
  const [first = Buffer.alloc(0), ...others] = pieces
  return others.length === 0 ? first : Buffer.concat([first, ...others])
}

/** Decodes the parts of compressed data, one after the other, within the budget. */
function* decoded(bytes: Buffer, compression: Compression, budget: Budget): Generator<Buffer> {
  let left = budget.bytes
  for (let at = 0; at < bytes.length;) {
    const part = partAt(bytes, at, compression, budget.file)
    if (part === 'padding') return
    const { content, usedBytes } = decodePart(part, left, budget)
    left -= content.length
    at = part.at + usedBytes
    yield content
  }
}

/** A member of gzip data, or a frame of zstd data. */
interface Part {
  /** Where it begins. */
  readonly at: number
  /** The data from here on. It may go beyond the part. */
  readonly bytes: Buffer
  readonly compression: Compression
  /** A frame without content. */
  readonly isEmpty?: boolean
}

const partAt = (
  bytes: Buffer,
  at: number,
  compression: Compression,
  file: FileLabels,
): Part | 'padding' => {
  const rest = bytes.subarray(at)
  if (compression === 'zstd') {
    const frame = zstdFrameAt(bytes, at)
    if (frame?.end !== undefined)
      return { at, bytes: bytes.subarray(at, frame.end), compression, isEmpty: frame.isSkippable }
    throw corrupt(
      file,
      frame === undefined ? 'A file has other bytes after its zstd data' : cutOff(compression),
    )
  }
  // Tapes and disks add zero bytes at the end. Bytes after them are no padding.
  const isPadding = at > 0 && rest[0] === 0
  if (!isPadding) return { at, bytes: rest, compression }
  const end = rest.findIndex((byte) => byte !== 0)
  return end === -1 ? 'padding' : partAt(bytes, at + end, compression, file)
}

/** Decodes one part. */
const decodePart = (
  { bytes, compression, isEmpty = false }: Part,
  left: number,
  budget: Budget,
): { readonly content: Buffer; readonly usedBytes: number } => {
  if (isEmpty) return { content: Buffer.alloc(0), usedBytes: bytes.length }
  try {
    const { buffer, engine } = DECODE[compression](bytes, {
      info: true,
      chunkSize: Math.min(Math.max(CHUNK_BYTES_MIN, 4 * bytes.length), CHUNK_BYTES_MAX),
      // Zero is not allowed. One byte too many is found below.
      maxOutputLength: Math.max(left, 1),
    })
    if (buffer.length > left) throw overBudget(budget)
    return { content: buffer, usedBytes: engine.bytesWritten }
  } catch (error) {
    if (isMillraceError(error)) throw error
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw overBudget(budget)
    throw undecodable(budget.file, compression, error)
  }
}

/** The first bytes of some pieces, and all of the pieces, with the first ones joined. */
const withFirst = (
  pieces: Iterable<Uint8Array>,
): { readonly first: Buffer; readonly all: Iterable<Buffer> } => {
  const following = pieces[Symbol.iterator]()
  let first: Buffer = Buffer.alloc(0)
  while (first.length < RECOGNISED_BYTES) {
    const next = following.next()
    if (next.done === true) break
    first = first.length === 0 ? asBuffer(next.value) : Buffer.concat([first, next.value])
  }
  return { first, all: followedBy(first, following) }
}

function* followedBy(first: Buffer, following: Iterator<Uint8Array>): Generator<Buffer> {
  yield first
  for (let next = following.next(); next.done !== true; next = following.next())
    yield asBuffer(next.value)
}
