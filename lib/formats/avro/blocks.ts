/**
 * Object container files of Avro: a header with the schema, then blocks of records. After the
 * header and after each block stand the same 16 random bytes, so a block can be found from
 * anywhere. A block belongs to the part in which the bytes before it begin.
 */
import { crc32, deflateRawSync, inflateRawSync, zstdDecompressSync } from 'node:zlib'
import { corrupt, corruptPart } from '../file-errors.ts'
import type { FilePart, PartReading, SizedFile } from '../file-format.ts'
import { asBuffer } from '../text-lines.ts'
import type { PlainType } from './plain.ts'
import { typeToRead } from './schema.ts'
import { unsnappy } from './snappy.ts'

const MAGIC = Buffer.from('Obj\x01')
const SYNC_BYTES = 16
const HEADER_BYTES = 64 * 1024
const HEADER_BYTES_MAX = 16 * 1024 * 1024
/** Records may take no bytes: those of null. A part has so many of them. */
const EMPTY_RECORDS_MAX = 1_000_000
/** A larger block is put aside. */
const BLOCK_BYTES_MAX = 512 * 1024 * 1024

/** Reads numbers of Avro. `at` is undefined when the bytes have ended. */
class Cursor {
  at: number
  readonly bytes: Buffer

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes
    this.at = at
  }

  /** A long in zigzag. Throws when the bytes end in it. */
  long(): number {
    let value = 0
    for (let factor = 1; factor <= 2 ** 63; factor *= 128) {
      const byte = this.bytes[this.at++]
      if (byte === undefined) throw new RangeError(CUT_OFF)
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    }
    throw new RangeError('a number is damaged')
  }

  take(length: number): Buffer {
    if (length < 0) throw new RangeError('a length is damaged')
    if (this.at + length > this.bytes.length) throw new RangeError(CUT_OFF)
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }
}

const CUT_OFF = 'the data is cut off'

interface Header {
  readonly schema: string
  readonly codec: string
  readonly sync: Buffer
  readonly end: number
}

/** Undefined: it goes beyond these bytes. */
const headerIn = (bytes: Buffer): Header | undefined => {
  const cursor = new Cursor(bytes, 0)
  try {
    if (!cursor.take(MAGIC.length).equals(MAGIC)) throw new TypeError('it is no Avro file')
    const fields = new Map<string, string>()
    for (let count = cursor.long(); count !== 0; count = cursor.long()) {
      // A negative count is followed by the size in bytes.
      if (count < 0) cursor.long()
      for (let left = Math.abs(count); left > 0; left--)
        fields.set(cursor.take(cursor.long()).toString(), cursor.take(cursor.long()).toString())
    }
    const sync = cursor.take(SYNC_BYTES)
    const codec = fields.get('avro.codec') ?? 'null'
    return { schema: fields.get('avro.schema') ?? '', codec, sync, end: cursor.at }
  } catch (error) {
    if ((error as Error).message === CUT_OFF) return undefined
    throw error
  }
}

const readHeader = async (file: SizedFile): Promise<Header> => {
  for (let most = HEADER_BYTES; ; most *= 4) {
    const to = Math.min(most, file.sizeBytes)
    let found: Header | undefined
    const bytes = asBuffer(await file.read(0, to))
    try {
      found = headerIn(bytes)
    } catch (error) {
      throw corrupt(file, 'The header of an Avro file cannot be read', error)
    }
    if (found !== undefined) return found
    if (to === file.sizeBytes || most > HEADER_BYTES_MAX)
      throw corrupt(file, 'The header of an Avro file does not end')
  }
}

type Decompress = (data: Buffer) => Buffer

const limit = { maxOutputLength: BLOCK_BYTES_MAX }

const DECOMPRESS: Readonly<Record<string, Decompress>> = {
  null: (data) => data,
  deflate: (data) => inflateRawSync(data, limit),
  zstandard: (data) => zstdDecompressSync(data, limit),
  snappy: (data) => {
    const content = unsnappy(data.subarray(0, -4), BLOCK_BYTES_MAX)
    if (crc32(content) === data.readUInt32BE(data.length - 4)) return content
    throw new RangeError('the checksum of a block does not match')
  },
}

/** Makes types to read with. It takes a while, and files that follow mostly have one schema. */
const typeReader = (bigints: boolean): ((schema: string) => PlainType) => {
  let last: { readonly schema: string; readonly type: PlainType } | undefined
  return (schema) => {
    if (last?.schema !== schema) last = { schema, type: typeToRead(schema, bigints) }
    return last.type
  }
}

/** The parts of a file. The header is read once. `bigints`: longs are bigints. */
export const openAvro = (bigints: boolean): PartReading<unknown>['open'] => {
  const typeFor = typeReader(bigints)
  return async (file: SizedFile): Promise<readonly FilePart[]> => {
    const { schema, codec, sync, end } = await readHeader(file)
    const decompress = Object.hasOwn(DECOMPRESS, codec) ? DECOMPRESS[codec] : undefined
    if (decompress === undefined)
      throw corrupt(file, `An Avro file is compressed with ${codec}, which is not read`)
    let type: PlainType
    try {
      type = typeFor(schema)
    } catch (error) {
      throw corrupt(file, 'The schema of an Avro file cannot be read', error)
    }
    const { sizeBytes, partBytes } = file
    return Array.from({ length: Math.ceil(sizeBytes / partBytes) }, (_, index) => {
      const from = index * partBytes
      const to = Math.min(from + partBytes, sizeBytes)
      return {
        sizeBytes: to - from,
        from,
        read: async () => {
          const blocks = new Blocks(file, sync, { from: Math.max(from, end - SYNC_BYTES), to })
          try {
            return await blocks.records(type, decompress)
          } catch (error) {
            throw corruptPart(file, `The part at byte ${from} of an Avro file is damaged`, error)
          }
        },
      }
    })
  }
}

/** The blocks of a part. */
class Blocks {
  readonly #file: SizedFile
  readonly #sync: Buffer
  readonly #from: number
  readonly #to: number
  #bytes: Buffer = Buffer.alloc(0)
  #emptyLeft = EMPTY_RECORDS_MAX

  constructor(file: SizedFile, sync: Buffer, { from, to }: { from: number; to: number }) {
    this.#file = file
    this.#sync = sync
    this.#from = from
    this.#to = to
  }

  async records(type: PlainType, decompress: Decompress): Promise<readonly unknown[]> {
    const records: unknown[] = []
    if (this.#from >= this.#to) return records
    await this.#extend(this.#to - this.#from + SYNC_BYTES)
    let mark = this.#bytes.indexOf(this.#sync)
    while (mark !== -1 && this.#from + mark < this.#to) {
      const begin = mark + SYNC_BYTES
      if (this.#from + begin >= this.#file.sizeBytes) break
      const { count, data, end } = await this.#block(begin)
      this.#decode(decompress(data), count, type, records)
      mark = end
    }
    return records
  }

  async #block(begin: number) {
    const LENGTHS_BYTES = 20
    await this.#extend(begin + LENGTHS_BYTES)
    const cursor = new Cursor(this.#bytes, begin)
    const [count, size] = [cursor.long(), cursor.long()]
    if (size < 0 || size > BLOCK_BYTES_MAX) throw new RangeError(`a block has ${size} bytes`)
    const end = cursor.at + size
    await this.#extend(end + SYNC_BYTES)
    if (!this.#bytes.subarray(end, end + SYNC_BYTES).equals(this.#sync))
      throw new RangeError('a block does not end where it should')
    return { count, data: this.#bytes.subarray(end - size, end), end }
  }

  #decode(content: Buffer, count: number, plain: PlainType, records: unknown[]): void {
    const { type, finish } = plain
    this.#emptyLeft -= Math.max(0, count - content.length)
    if (this.#emptyLeft < 0)
      throw new RangeError(`a block of ${content.length} bytes cannot have ${count} records`)
    let at = 0
    for (let left = count; left > 0; left--) {
      const { value, offset } = type.decode(content, at) as { value: unknown; offset: number }
      if (offset < 0) throw new RangeError(CUT_OFF)
      records.push(finish(value))
      at = offset
    }
    if (at !== content.length) throw new RangeError('a block has more bytes than records')
  }

  /** Makes sure that so many bytes of the part are there, if the file has them. */
  async #extend(length: number): Promise<void> {
    const from = this.#from + this.#bytes.length
    const to = Math.min(this.#from + length, this.#file.sizeBytes)
    if (from >= to) return
    const more = asBuffer(await this.#file.read(from, to))
    this.#bytes = this.#bytes.length === 0 ? more : Buffer.concat([this.#bytes, more])
  }
}

const zigzag = (value: number): Buffer => {
  const bytes: number[] = []
  let rest = value * 2
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  return Buffer.from([...bytes, rest])
}

const lengthAnd = (bytes: Buffer): Buffer => Buffer.concat([zigzag(bytes.length), bytes])

/** Records of a file, one after the other. */
export interface Block {
  readonly count: number
  /** They are used before the next block is asked for. */
  readonly records: Uint8Array
}

/** A file with these blocks, which are compressed with deflate. */
export const avroFile = (blocks: Iterable<Block>, schema: string, sync: Buffer): Uint8Array => {
  const fields = ['avro.schema', schema, 'avro.codec', 'deflate'].map((text) => Buffer.from(text))
  const pieces = [MAGIC, zigzag(2), ...fields.map(lengthAnd), zigzag(0), sync]
  for (const { count, records } of blocks)
    pieces.push(zigzag(count), lengthAnd(deflateRawSync(records)), sync)
  return Buffer.concat(pieces)
}
