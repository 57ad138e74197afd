import { MillraceError } from '../../base/errors.ts'
import { corrupt } from '../file-errors.ts'
import type { FileFormat, SizedFile } from '../file-format.ts'
import { asBuffer } from '../text-lines.ts'
import { onePart } from '../whole-parts.ts'
import { bytesOfElement } from './element-bytes.ts'

/**
 * How a length is written: 1, 2 or 4 bytes, the highest or the lowest first, or as a `varint` of
 * Protocol Buffers.
 *
 * @example const prefix: LengthPrefix = 'u32be'
 */
export type LengthPrefix = 'u8' | 'u16be' | 'u16le' | 'u32be' | 'u32le' | 'varint'

interface Prefix {
  /** The length at an offset, and where its record begins. Undefined: it is cut off. */
  readonly read: (bytes: Buffer, at: number) => readonly [length: number, begin: number] | undefined
  readonly write: (length: number) => Buffer
  readonly lengthMax: number
}

const BYTES = { u8: 1, u16be: 2, u16le: 2, u32be: 4, u32le: 4 } as const

const fixed = (bytes: number, isLittle: boolean): Prefix => ({
  read: (buffer, at) => {
    if (at + bytes > buffer.length) return undefined
    const length = isLittle ? buffer.readUIntLE(at, bytes) : buffer.readUIntBE(at, bytes)
    return [length, at + bytes]
  },
  write: (length) => {
    const buffer = Buffer.alloc(bytes)
    if (isLittle) buffer.writeUIntLE(length, 0, bytes)
    else buffer.writeUIntBE(length, 0, bytes)
    return buffer
  },
  lengthMax: 2 ** (8 * bytes) - 1,
})

const VARINT_BYTES_MAX = 5
const CONTINUES = 0x80

const varint: Prefix = {
  read: (buffer, at) => {
    let length = 0
    for (let index = 0; index < VARINT_BYTES_MAX; index++) {
      const byte = buffer[at + index]
      if (byte === undefined) return undefined
      length += (byte & 0x7f) * 2 ** (7 * index)
      if (byte < CONTINUES) return [length, at + index + 1]
    }
    return undefined
  },
  write: (length) => {
    const bytes: number[] = []
    let rest = length
    for (; rest >= CONTINUES; rest = Math.floor(rest / CONTINUES))
      bytes.push((rest % CONTINUES) | CONTINUES)
    return Buffer.from([...bytes, rest])
  },
  lengthMax: 2 ** 32 - 1,
}

const prefixOf = (name: LengthPrefix): Prefix => {
  if (name === 'varint') return varint
  if (Object.hasOwn(BYTES, name)) return fixed(BYTES[name], name.endsWith('le'))
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'lengthPrefixed() needs the form of the lengths',
    value: name,
    allowed: [...Object.keys(BYTES), 'varint'].join(', '),
  })
}

/**
 * Records of bytes, each with its length before it. A file that is cut off becomes a dead letter as
 * a whole. It is in memory while it is read.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when the form of the lengths is unknown.
 * @example ssc.fileStream('drop', { format: lengthPrefixed('varint') }).map(({ length }) => length)
 */
export const lengthPrefixed = (lengths: LengthPrefix): FileFormat<Uint8Array> => {
  const prefix = prefixOf(lengths)
  return Object.freeze({
    name: 'lengthPrefixed',
    settings: Object.freeze({ lengths }),
    extension: '.bin',
    reading: Object.freeze({
      shape: 'parts',
      isText: false,
      isSplittable: false,
      open: onePart((bytes, file) => recordsOf(asBuffer(bytes), prefix, file)),
    }),
    writing: Object.freeze({
      joins: true,
      encode: (elements: readonly unknown[]) => encode(elements, prefix),
    }),
  })
}

const recordsOf = (bytes: Buffer, { read }: Prefix, file: SizedFile): readonly Uint8Array[] => {
  const records: Uint8Array[] = []
  for (let at = 0; at < bytes.length;) {
    const [length, begin] = read(bytes, at) ?? [Infinity, at]
    const end = begin + length
    if (end > bytes.length)
      throw corrupt(file, `The record at byte ${at} of a file goes beyond its end`)
    records.push(new Uint8Array(bytes.subarray(begin, end)))
    at = end
  }
  return records
}

const encode = (elements: readonly unknown[], { write, lengthMax }: Prefix): Uint8Array =>
  Buffer.concat(
    elements.flatMap((element) => {
      const bytes = bytesOfElement(element)
      if (bytes.length <= lengthMax) return [write(bytes.length), bytes]
      throw new MillraceError('VALUE_UNSUPPORTED', {
        problem: 'A record is longer than its length can say',
        value: `${bytes.length} bytes`,
        allowed: `at most ${lengthMax} bytes`,
      })
    }),
  )
