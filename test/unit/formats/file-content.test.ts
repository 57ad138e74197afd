import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MillraceError } from '../../../lib/base/errors.ts'
import { utf8Of } from '../../../lib/formats/charsets.ts'
import { fileText } from '../../../lib/formats/file-content.ts'
import { FILE_LIMITS } from '../../../lib/formats/file-limits.ts'
import type { Decoded } from '../../../lib/formats/format.ts'
import { linesOfPieces } from '../../../lib/formats/text.ts'
import { zstdFrameAt } from '../../../lib/formats/zstd-frames.ts'

const linesOf = (bytes: Uint8Array, name = 'a'): Decoded =>
  linesOfPieces(fileText({ name, bytes }, FILE_LIMITS))

/** The lines, or the code of the error. */
const outcomeOf = (bytes: Uint8Array, name?: string): readonly unknown[] | string => {
  try {
    return linesOf(bytes, name).elements
  } catch (error) {
    if (error instanceof MillraceError) return error.code
    throw error
  }
}

const texts = fc
  .array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.constantFrom('\n', '\r\n', '\r', '')), {
    maxLength: 30,
  })
  .map((parts) => parts.flat().join(''))

/** Another way to split a text, without chunks and without bytes. */
const split = (text: string): readonly string[] => {
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/)
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines
}

/** Cuts bytes at shares of their length. */
const cutAt = (bytes: Buffer, shares: readonly number[]): readonly Buffer[] => {
  const ends = [...shares.map((share) => Math.floor(share * bytes.length)), bytes.length]
  return ends.toSorted((a, b) => a - b).map((end, i, all) => bytes.subarray(all[i - 1] ?? 0, end))
}
const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 })

describe('compressed text has the lines of the text', () => {
  test('however it is cut into members and frames, and compressed again', () => {
    const layers = fc.array(fc.tuple(fc.constantFrom(gzipSync, zstdCompressSync), shares), {
      minLength: 1,
      maxLength: 3,
    })
    fc.assert(
      fc.property(texts, layers, (text, compressions) => {
        let bytes = Buffer.from(text)
        for (const [compress, cuts] of compressions)
          bytes = Buffer.concat(cutAt(bytes, cuts).map((part) => compress(part)))
        expect(linesOf(bytes)).toEqual({ elements: split(text), rejected: [] })
      }),
      { numRuns: 300 },
    )
  })

  test('as gunzip and a plain split give them, with bad lines and byte order marks', () => {
    const parts = fc.array(fc.oneof(fc.constantFrom('\ufeff', '\r\n', '\r', 'a'), fc.string()))
    fc.assert(
      fc.property(parts, shares, (text, cuts) => {
        const bytes = Buffer.from(text.join(''))
        const zipped = Buffer.concat(cutAt(bytes, cuts).map((part) => gzipSync(part)))
        expect(linesOf(zipped).elements).toEqual(split(gunzipSync(zipped).toString()))
      }),
    )
  })

  test('in UTF-16, whatever the chunks', () => {
    fc.assert(
      fc.property(texts, shares, fc.boolean(), (text, cuts, isBigEndian) => {
        const bytes = Buffer.from(`\ufeff${text.replaceAll('\ufeff', '')}`, 'utf16le')
        if (isBigEndian) bytes.swap16()
        const { elements } = linesOfPieces(utf8Of(cutAt(bytes, cuts)))
        expect(elements).toEqual(split(text.replaceAll('\ufeff', '')))
      }),
    )
  })
})

describe('damage is never taken for lines', () => {
  const compressions = fc.constantFrom(
    ['a.gz', gzipSync] as const,
    ['a.zst', zstdCompressSync] as const,
  )

  test('a part of a file is corrupt', () => {
    fc.assert(
      fc.property(texts, compressions, fc.nat(), (text, [name, compress], length) => {
        const bytes = compress(Buffer.from(text))
        const size = 1 + (length % (bytes.length - 1))
        expect(outcomeOf(bytes.subarray(0, size), name)).toBe('OBJECT_CORRUPT')
      }),
      { numRuns: 300 },
    )
  })

  test('a bit that is turned over in gzip gives the same lines or an error', () => {
    fc.assert(
      fc.property(texts, fc.nat(), (text, at) => {
        const bytes = gzipSync(text)
        const bit = at % (bytes.length * 8)
        bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
        const outcome = outcomeOf(bytes, 'a.gz')
        if (Array.isArray(outcome)) expect(outcome).toEqual(split(text))
      }),
      { numRuns: 500 },
    )
  })

  test('any bytes at all give lines or an error with a code', () => {
    const starts = fc.constantFrom('', '\x1f\x8b', '\x1f\x8b\x08', '\x28\xb5\x2f\xfd', '\xff\xfe')
    const bytes = fc.uint8Array({ maxLength: 200 })
    fc.assert(
      fc.property(starts, bytes, fc.constantFrom('a', 'a.gz', 'a.zst'), (start, rest, name) => {
        const outcome = outcomeOf(Buffer.concat([Buffer.from(start, 'latin1'), rest]), name)
        expect(Array.isArray(outcome) || String(outcome).startsWith('OBJECT_')).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})

describe('frames of zstd', () => {
  test.each([0, 1, 255, 256, 65_791, 65_792, 300_000])('of %i bytes end where they end', (size) => {
    const options = fc.record({
      checksum: fc.boolean(),
      random: fc.boolean(),
      level: fc.constantFrom(1, 3, 19),
    })
    fc.assert(
      fc.property(options, ({ checksum, random, level }) => {
        const content = Buffer.alloc(size, 'x')
        if (random) for (let i = 0; i < size; i++) content[i] = (i * 2_654_435_761) >>> 24
        const frame = zstdCompressSync(content, {
          params: { 100: level, 201: checksum ? 1 : 0 },
        })
        const bytes = Buffer.concat([Buffer.from('before'), frame, frame])
        const end = 6 + frame.length
        expect(zstdFrameAt(bytes, 6)).toEqual({ end, isSkippable: false })
        expect(zstdFrameAt(bytes, end)).toEqual({ end: end + frame.length, isSkippable: false })
        expect(zstdFrameAt(frame.subarray(0, -1), 0)).toEqual({ isSkippable: false })
      }),
      { numRuns: 12 },
    )
  })
})
