import { allOf } from '../../lib/rdd/records.ts'
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { beforeEach, describe, expect, test } from 'vitest'
import { type FileReadingParts, readFile } from '../../lib/runtime/sources/file-elements.ts'
import type { ObjectContent } from '../../lib/ports/object-source.ts'
import type { DeadLetter, FileReference } from '../../lib/state/dead-letters.ts'

/** A place with one file in it. */
export interface ContentPlace {
  /** Puts a file there, and gives it as it is listed. */
  readonly put: (
    key: string,
    bytes: Uint8Array,
    contentEncoding: string | undefined,
  ) => Promise<FileReference>
  readonly read: (file: FileReference) => Promise<ObjectContent>
  /** Whether content encodings are kept with files. */
  readonly keepsEncoding: boolean
}

const join = (...parts: readonly (string | Uint8Array)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
const zip = (text: string | Uint8Array): Buffer => gzipSync(text)
const zstd = (text: string | Uint8Array): Buffer => zstdCompressSync(text)
const skippable = (size: number): Buffer => {
  const frame = Buffer.alloc(8 + size)
  frame.writeUInt32LE(0x184d2a53, 0)
  frame.writeUInt32LE(size, 4)
  return frame
}
const latin = (text: string): Buffer => Buffer.from(text, 'latin1')
const utf16 = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le')
const damaged = (bytes: Buffer): Buffer => {
  const copy = Buffer.from(bytes)
  copy.writeUInt8(copy.readUInt8(copy.length - 6) ^ 1, copy.length - 6)
  return copy
}

const TEXT = 'to be\nor not\n'
const LINES = ['to be', 'or not']
const PLAIN = { name: 'a.txt', lines: LINES }

interface Row {
  readonly name: string
  readonly encoding?: string
  /** The lines; or why the whole file is put aside. */
  readonly lines: readonly string[] | `OBJECT_${string}`
}

/** What a file holds, its name, its content encoding, and what is read of it. */
const TABLE: readonly (readonly [what: string, bytes: Uint8Array, row: Row])[] = [
  ['text', join(TEXT), PLAIN],
  ['text in the name of gzip', join(TEXT), { name: 'a.gz', lines: LINES }],
  ['text in the name of brotli', join(TEXT), { name: 'a.br', lines: LINES }],
  ['text that says it is gzip', join(TEXT), { ...PLAIN, encoding: 'gzip' }],
  ['text that says it is brotli', join(TEXT), { ...PLAIN, encoding: 'br' }],
  ['text with a charset as encoding', join(TEXT), { ...PLAIN, encoding: 'utf-8' }],
  ['text with a byte order mark', join('\ufeff', TEXT), PLAIN],
  ['nothing', join(), { name: 'a.txt', lines: [] }],
  ['nothing in the name of gzip', join(), { name: 'a.gz', encoding: 'gzip', lines: [] }],
  ['gzip', zip(TEXT), { name: 'a.gz', lines: LINES }],
  ['gzip in capitals', zip(TEXT), { name: 'A.TXT.GZ', lines: LINES }],
  ['gzip without a word', zip(TEXT), { name: 'a', lines: LINES }],
  ['gzip by its encoding', zip(TEXT), { ...PLAIN, encoding: 'gzip' }],
  ['gzip by its encoding in capitals', zip(TEXT), { ...PLAIN, encoding: 'GZIP' }],
  ['gzip by a list', zip(TEXT), { ...PLAIN, encoding: 'aws-chunked, gzip' }],
  ['gzip that says it is as it is', zip(TEXT), { ...PLAIN, encoding: 'identity' }],
  ['gzip that says it is zstd', zip(TEXT), { name: 'a.zst', encoding: 'zstd', lines: LINES }],
  ['gzip named twice', zip(TEXT), { name: 'a.gz', encoding: 'gzip', lines: LINES }],
  ['gzip in gzip', zip(zip(TEXT)), { name: 'a.gz', encoding: 'gzip', lines: LINES }],
  ['gzip in zstd in gzip', zip(zstd(zip(TEXT))), { name: 'a', lines: LINES }],
  ['gzip without end', zip(zip(zip(zip(TEXT)))), { name: 'a', lines: 'OBJECT_UNSUPPORTED' }],
  ['gzip in members', join(zip('to b'), zip('e\nor'), zip(''), zip(' not')), PLAIN],
  ['gzip and zeros', join(zip(TEXT), Buffer.alloc(600)), PLAIN],
  ['gzip, zeros, gzip', join(zip('to be\n'), Buffer.alloc(9), zip('or not')), PLAIN],
  ['gzip of nothing', zip(''), { name: 'a.gz', lines: [] }],
  ['gzip of a byte order mark', zip(join('\ufeff', TEXT)), PLAIN],
  ['gzip and more', join(zip(TEXT), 'more'), { name: 'a.gz', lines: 'OBJECT_CORRUPT' }],
  ['gzip, cut', zip(TEXT).subarray(0, -1), { name: 'a.gz', lines: 'OBJECT_CORRUPT' }],
  ['gzip, cut in its name', zip(TEXT).subarray(0, 1), { name: 'a.gz', lines: 'OBJECT_CORRUPT' }],
  [
    'gzip, the second member cut',
    join(zip(TEXT), zip(TEXT).subarray(0, 5)),
    { name: 'a', lines: 'OBJECT_CORRUPT' },
  ],
  ['gzip, damaged', damaged(zip(TEXT)), { name: 'a', lines: 'OBJECT_CORRUPT' }],
  ['no gzip', latin('\x80\x81\x82\n'), { name: 'a.gz', lines: 'OBJECT_CORRUPT' }],
  ['no gzip at all', latin('\0\x01\n'), { ...PLAIN, encoding: 'gzip', lines: 'OBJECT_CORRUPT' }],
  ['zstd', zstd(TEXT), { name: 'a.zst', lines: LINES }],
  ['zstd by its other name', zstd(TEXT), { name: 'a.zstd', lines: LINES }],
  ['zstd without a word', zstd(TEXT), PLAIN],
  ['zstd by its encoding', zstd(TEXT), { ...PLAIN, encoding: 'zstd' }],
  ['zstd in frames', join(zstd('to b'), zstd(''), zstd('e\nor not\n')), PLAIN],
  [
    'zstd with frames without data',
    join(skippable(3), zstd('to be\n'), skippable(0), zstd('or not'), skippable(9)),
    PLAIN,
  ],
  ['only frames without data', skippable(5), { name: 'a.zst', lines: [] }],
  ['zstd and more', join(zstd(TEXT), 'more'), { name: 'a', lines: 'OBJECT_CORRUPT' }],
  ['zstd, cut', zstd(TEXT).subarray(0, -1), { name: 'a', lines: 'OBJECT_CORRUPT' }],
  [
    'zstd, the second frame cut',
    join(zstd(TEXT), zstd(TEXT).subarray(0, 12)),
    { name: 'a', lines: 'OBJECT_CORRUPT' },
  ],
  [
    'a zstd frame without data, cut',
    skippable(5).subarray(0, 9),
    { name: 'a', lines: 'OBJECT_CORRUPT' },
  ],
  ['brotli by its name', brotliCompressSync(TEXT), { name: 'a.br', lines: 'OBJECT_UNSUPPORTED' }],
  [
    'brotli by its encoding',
    brotliCompressSync(TEXT),
    { ...PLAIN, encoding: 'br', lines: 'OBJECT_UNSUPPORTED' },
  ],
  ['bzip2', latin('BZh91AY&SY\x12'), { name: 'a', lines: 'OBJECT_UNSUPPORTED' }],
  ['xz', latin('\xfd7zXZ\0\0\x04'), { name: 'a', lines: 'OBJECT_UNSUPPORTED' }],
  ['lz4', latin('\x04"M\x18d@'), { name: 'a', lines: 'OBJECT_UNSUPPORTED' }],
  ['snappy', latin('\xff\x06\0\0sNaPpY'), { name: 'a', lines: 'OBJECT_UNSUPPORTED' }],
  ['snappy of Hadoop', latin('\0\0\0\x0d\0'), { name: 'a.snappy', lines: 'OBJECT_UNSUPPORTED' }],
  ['a zip archive', latin('PK\x03\x04\x14\0'), { name: 'a.zip', lines: 'OBJECT_UNSUPPORTED' }],
  ['compress', latin('\x1f\x9d\x90t'), { name: 'a.Z', lines: 'OBJECT_UNSUPPORTED' }],
  ['xz in gzip', zip(latin('\xfd7zXZ\0\0')), { name: 'a', lines: 'OBJECT_UNSUPPORTED' }],
  ['UTF-16', utf16(TEXT), PLAIN],
  ['UTF-16 in the other order', utf16(TEXT).swap16(), PLAIN],
  ['UTF-16 in gzip', zip(utf16('ä\r\n€😀')), { name: 'a', lines: ['ä', '€😀'] }],
  ['UTF-16, cut', utf16(TEXT).subarray(0, -1), { name: 'a', lines: 'OBJECT_CORRUPT' }],
  ['UTF-32', latin('\xff\xfe\0\0t\0\0\0'), { name: 'a', lines: 'OBJECT_UNSUPPORTED' }],
]

type Outcome = Readonly<{ lines: readonly unknown[]; deadLetters: readonly DeadLetter[] }>

/** How each kind of place reads compressed files, and files that are no text. */
export const fileContentContract = (place: string, open: () => Promise<ContentPlace>): void => {
  describe(`the content of files: ${place}`, () => {
    let current: ContentPlace
    beforeEach(async () => {
      current = await open()
    })

    const readAs = async (
      bytes: Uint8Array,
      { name, encoding }: Pick<Row, 'name' | 'encoding'>,
      parts: Partial<FileReadingParts> = {},
    ): Promise<Outcome> => {
      const deadLetters: DeadLetter[] = []
      const file = await current.put(name, bytes, encoding)
      const putAside = (deadLetter: DeadLetter): void => void deadLetters.push(deadLetter)
      const found = await readFile(file, current.read, { source: 's', putAside, ...parts })
      return { lines: found.found ? allOf(found.partition.records) : ['gone'], deadLetters }
    }

    test.each(TABLE)('%s', async (_, bytes, { lines, ...row }) => {
      // A place without encodings has no such files.
      if (row.encoding !== undefined && !current.keepsEncoding) return
      const outcome = await readAs(bytes, row)
      if (Array.isArray(lines)) return expect(outcome).toEqual({ lines, deadLetters: [] })
      expect(outcome.lines).toEqual([])
      expect(outcome.deadLetters).toMatchObject([
        {
          code: lines,
          form: 'file',
          sizeBytes: bytes.length,
          position: expect.stringContaining(row.name) as string,
        },
      ])
      expect(outcome.deadLetters[0]?.data.length).toBeLessThan(500)
      expect(outcome.deadLetters[0]?.message).toContain(row.name)
    })

    test('a line of compressed text that is not UTF-8 is put aside by itself', async () => {
      const { lines, deadLetters } = await readAs(zip(latin('a\n\xff\nb')), { name: 'a.gz' })
      expect(lines).toEqual(['a', 'b'])
      expect(deadLetters).toMatchObject([
        { code: 'LINE_NOT_UTF8', position: expect.stringMatching(/^a\.gz.*@2$/) as string },
      ])
    })

    const MIB = 1024 * 1024
    test.each([
      ['all that is allowed', zip(Buffer.alloc(1_000, 'a\n')), { bytes: 1_000, ratio: 200 }, 500],
      [
        'a byte more',
        zip(Buffer.alloc(1_001, 'a\n')),
        { bytes: 1_000, ratio: 200 },
        'limits.bytes',
      ],
      [
        'plain text over the limit',
        Buffer.alloc(1_001),
        { bytes: 1_000, ratio: 200 },
        '1000 bytes',
      ],
      ['a small file that grows much', zip(Buffer.alloc(MIB)), { bytes: 2 * MIB, ratio: 1 }, 1],
      ['a large ratio', zip(Buffer.alloc(MIB + 1)), { bytes: 2 * MIB, ratio: 1 }, 'limits.ratio'],
      [
        'a large ratio inside',
        zip(zstd(Buffer.alloc(MIB + 1))),
        { bytes: 2 * MIB, ratio: 1 },
        'ratio',
      ],
      [
        'zstd over the limit',
        zstd(Buffer.alloc(MIB)),
        { bytes: 1_000, ratio: 200 },
        'limits.bytes',
      ],
      [
        'zstd over the limit in frames',
        join(zstd(Buffer.alloc(600)), zstd(Buffer.alloc(600))),
        { bytes: 1_000, ratio: 200 },
        'limits.bytes',
      ],
    ])('%s', async (_, bytes, limits, expected) => {
      const { lines, deadLetters } = await readAs(bytes, { name: 'a' }, { limits })
      if (typeof expected === 'number') {
        expect([lines.length, deadLetters]).toEqual([expected, []])
        return
      }
      expect(lines).toEqual([])
      expect(deadLetters).toMatchObject([
        { code: 'OBJECT_TOO_LARGE', message: expect.stringContaining(expected) as string },
      ])
    })

    test.each([
      [undefined, zip(TEXT).length],
      [false, zip(TEXT).length],
      [true, TEXT.length],
    ])('a function gets the bytes, with decompress %s', async (decompress, size) => {
      const parts = {
        read: (bytes: Uint8Array) => [bytes.length],
        ...(decompress === undefined ? {} : { decompress }),
      }
      expect(await readAs(zip(TEXT), { name: 'a.gz' }, parts)).toMatchObject({ lines: [size] })
    })

    test('a function gets what is no text as it is', async () => {
      const parts = { read: (bytes: Uint8Array) => [...bytes], decompress: true }
      const bytes = latin('PK\x03\x04')
      expect(await readAs(bytes, { name: 'a.gz' }, parts)).toMatchObject({ lines: [...bytes] })
    })

    test('a file on which a function throws is put aside without its bytes', async () => {
      const read = (): never => {
        throw new TypeError('no')
      }
      const { deadLetters } = await readAs(Buffer.alloc(50_000), { name: 'a' }, { read })
      expect(deadLetters).toMatchObject([{ code: 'USER_FUNCTION_FAILED', sizeBytes: 50_000 }])
      expect(deadLetters[0]?.data.length).toBeLessThan(500)
    })
  })
}
