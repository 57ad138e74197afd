/**
 * Recognises how the bytes of a file are compressed. The first bytes decide: a text of UTF-8 cannot
 * begin with those of gzip or zstd. The name and the content encoding only say what to expect. They
 * matter if the first bytes are not known: then data that is not text is not taken for lines.
 */
import { isUtf8 } from 'node:buffer'
import { asBuffer } from './text-lines.ts'
import { ZSTD_MAGIC, zstdFrameAt } from './zstd-frames.ts'

/** A compression that can be read. */
export type Compression = 'gzip' | 'zstd'

/** What the bytes of a file are. */
export type Recognised =
  | { readonly kind: 'plain' }
  | { readonly kind: 'compressed'; readonly compression: Compression }
  /** No text, and in a form that cannot be read here. */
  | { readonly kind: 'unsupported'; readonly name: string }
  /** The name or the content encoding names a compression, but the bytes are something else. */
  | { readonly kind: 'corrupt'; readonly expected: Compression }

const GZIP_MAGIC = Buffer.from([0x1f, 0x8b])

/** The first bytes of compressions, archives and charsets that cannot be read here. */
const UNSUPPORTED: readonly (readonly [name: string, magic: string])[] = [
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((level) => [
    ['bzip2', `BZh${level}1AY&SY`] as const,
    ['bzip2', `BZh${level}\x17rE8P\x90`] as const,
  ]),
  ['xz', '\xfd7zXZ\0'],
  ['lz4', '\x04"M\x18'],
  ['snappy', '\xff\x06\0\0sNaPpY'],
  ['lzop', '\x89LZO\0\r\n\x1a\n'],
  ['compress', '\x1f\x9d'],
  ['zip', 'PK\x03\x04'],
  ['7z', '7z\xbc\xaf\x27\x1c'],
  ['UTF-32', '\xff\xfe\0\0'],
  ['UTF-32', '\0\0\xfe\xff'],
]
const UNSUPPORTED_MAGIC = UNSUPPORTED.map(
  ([name, magic]) => [name, Buffer.from(magic, 'latin1')] as const,
)

/** How many bytes are enough to recognise a file. */
export const RECOGNISED_BYTES = 1_024

/** The compressions that names end with. */
const BY_EXTENSION: Readonly<Record<string, string>> = {
  gz: 'gzip',
  gzip: 'gzip',
  zst: 'zstd',
  zstd: 'zstd',
  br: 'brotli',
  bz2: 'bzip2',
  deflate: 'deflate',
  lz4: 'lz4',
  lzma: 'lzma',
  lzo: 'lzo',
  snappy: 'snappy',
  sz: 'snappy',
  xz: 'xz',
  z: 'compress',
  zip: 'zip',
}

/** The compressions that a content encoding may name. Others, as `utf-8`, compress nothing. */
const BY_CODING: Readonly<Record<string, string>> = {
  gzip: 'gzip',
  'x-gzip': 'gzip',
  zstd: 'zstd',
  br: 'brotli',
  deflate: 'deflate',
  compress: 'compress',
  'x-compress': 'compress',
}

const isReadable = (name: string): name is Compression => name === 'gzip' || name === 'zstd'

const lookUp = (table: Readonly<Record<string, string>>, name: string): string | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined

/** What is known of a file besides its bytes. */
export interface FileLabels {
  readonly name: string
  /** The content encoding that is stored with an object: `gzip`, `aws-chunked,gzip`. */
  readonly contentEncoding?: string | undefined
}

/** The compressions that the labels of a file name, the outermost first. */
export const expectedCompressions = ({
  name,
  contentEncoding = '',
}: FileLabels): readonly string[] => {
  const codings = contentEncoding.toLowerCase().split(',')
  const extension = /\.([a-z0-9]+)$/.exec(name.toLowerCase())?.[1] ?? ''
  return [
    ...codings.map((coding) => lookUp(BY_CODING, coding.trim())).reverse(),
    lookUp(BY_EXTENSION, extension),
  ].filter((found) => found !== undefined)
}

/**
 * Recognises a file by its first bytes: {@link RECOGNISED_BYTES} of them or more, if there are so
 * many.
 *
 * @param expected The compressions that its labels name.
 * @example recognise(gzipSync('to be'), []) // { kind: 'compressed', compression: 'gzip' }
 */
export const recognise = (first: Uint8Array, expected: readonly string[]): Recognised => {
  const bytes = asBuffer(first)
  if (bytes.length === 0) return { kind: 'plain' }
  const begins = (magic: Buffer): boolean => bytes.subarray(0, magic.length).equals(magic)
  if (begins(GZIP_MAGIC)) return { kind: 'compressed', compression: 'gzip' }
  if (zstdFrameAt(bytes, 0) !== undefined) return { kind: 'compressed', compression: 'zstd' }
  const unsupported = UNSUPPORTED_MAGIC.find(([, magic]) => begins(magic))
  if (unsupported !== undefined) return { kind: 'unsupported', name: unsupported[0] }
  const [outermost] = expected
  if (outermost === undefined || (isText(bytes) && !isCutMagic(bytes))) return { kind: 'plain' }
  return isReadable(outermost)
    ? { kind: 'corrupt', expected: outermost }
    : { kind: 'unsupported', name: outermost }
}

/** Whether the bytes are only the beginning of a magic number. */
const isCutMagic = (bytes: Buffer): boolean =>
  [GZIP_MAGIC, ZSTD_MAGIC].some((magic) => magic.subarray(0, bytes.length).equals(bytes))

const isText = (bytes: Buffer): boolean => {
  const first = bytes.subarray(0, RECOGNISED_BYTES)
  if (isUtf16(first)) return true
  // The last character may be cut off.
  return (
    !first.includes(0) && [0, 1, 2, 3].some((cut) => isUtf8(first.subarray(0, -cut || undefined)))
  )
}

/** Whether a text begins with the mark of UTF-16. */
export const isUtf16 = (bytes: Buffer): boolean =>
  bytes.length > 1 && (bytes.readUInt16BE(0) === 0xfeff || bytes.readUInt16BE(0) === 0xfffe)
