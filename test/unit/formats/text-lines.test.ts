import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lineSplitter } from '../../../lib/formats/line-splitter.ts'
import {
  LINE_BYTES_MAX,
  type RejectedLine,
  splitLines,
  type SplitLines,
} from '../../../lib/formats/text-lines.ts'

const text = (...lines: readonly string[]): SplitLines => ({ lines, rejected: [] })

/** The bytes of the parts: strings as UTF-8, numbers as single bytes. */
const bytesOf = (...parts: readonly (string | number)[]): Buffer =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from([part]))),
  )

/** All results of the splitter in one, with `index` counted over all of them. */
const inChunks = (
  chunks: readonly Uint8Array[],
  options?: { readonly lineBytesMax?: number },
): SplitLines => {
  const splitter = lineSplitter(options)
  const lines: string[] = []
  const rejected: RejectedLine[] = []
  const take = (part: SplitLines): void => {
    for (const line of part.rejected) rejected.push({ ...line, index: line.index + lines.length })
    lines.push(...part.lines)
  }
  for (const chunk of chunks) {
    const reused = Uint8Array.from(chunk)
    take(splitter.push(reused))
    reused.fill(0x21)
  }
  take(splitter.end())
  return { lines, rejected }
}

const eachByte = (bytes: Uint8Array): readonly Uint8Array[] =>
  [...bytes].map((byte) => Uint8Array.of(byte))

const bothWays = (bytes: Uint8Array, options?: { readonly lineBytesMax?: number }): SplitLines => {
  const whole = splitLines(bytes, options)
  expect(inChunks(eachByte(bytes), options)).toEqual(whole)
  expect(inChunks([bytes], options)).toEqual(whole)
  return whole
}

describe('lines of valid text', () => {
  test.each<[string, string, readonly string[]]>([
    ['nothing', '', []],
    ['one line without a line end', 'a', ['a']],
    ['an empty last line does not count', 'a\n', ['a']],
    ['an empty line in between counts', 'a\n\nb', ['a', '', 'b']],
    ['only line ends', '\n\n', ['', '']],
    ['\\r\\n', 'a\r\nb\r\n', ['a', 'b']],
    ['a lone \\r', 'a\rb\r', ['a', 'b']],
    ['\\r before \\r\\n', 'a\r\r\nb', ['a', '', 'b']],
    ['\\n\\r is two line ends', 'a\n\rb', ['a', '', 'b']],
    ['\\r at the very end', 'a\r', ['a']],
    ['a byte order mark', '\ufeffa\nb', ['a', 'b']],
    ['only a byte order mark', '\ufeff', []],
    ['a byte order mark and a line end', '\ufeff\n', ['']],
    ['a second mark is text', '\ufeff\ufeffa\n\ufeffb', ['\ufeffa', '\ufeffb']],
    [
      'other line separators of Unicode are text',
      'a\u2028b\u0085c\vd\fe',
      ['a\u2028b\u0085c\vd\fe'],
    ],
    ['characters of every length', 'ä€😀\n\0', ['ä€😀', '\0']],
  ])('%s', (_, given, lines) => {
    expect(bothWays(bytesOf(given))).toEqual(text(...lines))
  })
})

describe('rejected lines', () => {
  test('only the bad line is rejected', () => {
    const given = bytesOf('good\nb', 0xff, 'd\r\nalso good\n', 0xe2, 0x82, '\n')
    expect(bothWays(given)).toEqual({
      lines: ['good', 'also good'],
      rejected: [
        {
          code: 'LINE_NOT_UTF8',
          data: Uint8Array.from(bytesOf('b', 0xff, 'd')),
          sizeBytes: 3,
          index: 1,
          offset: 5,
        },
        {
          code: 'LINE_NOT_UTF8',
          data: Uint8Array.of(0xe2, 0x82),
          sizeBytes: 2,
          index: 2,
          offset: 20,
        },
      ],
    })
  })

  test.each<[string, readonly (string | number)[]]>([
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['an overlong form', [0xc0, 0xaf]],
    ['a continuation on its own', [0x80]],
    ['the beginning of a byte order mark', [0xef, 0xbb]],
    ['UTF-16', [0xff, 0xfe, 'a', 0]],
  ])('%s is not UTF-8', (_, parts) => {
    expect(bothWays(bytesOf(...parts)).rejected.map(({ code }) => code)).toEqual(['LINE_NOT_UTF8'])
  })

  test.each<[string, number, readonly string[], readonly string[]]>([
    ['abcd\nabcde\nab', 4, ['abcd', 'ab'], ['LINE_TOO_LONG']],
    ['abcde', 4, [], ['LINE_TOO_LONG']],
    ['äb\näbc\n', 3, ['äb'], ['LINE_TOO_LONG']],
    ['\ufeffabcd\r\nabcd\r\n', 4, ['abcd', 'abcd'], []],
  ])('%j with at most %i bytes for a line', (given, lineBytesMax, lines, codes) => {
    const split = bothWays(Buffer.from(given), { lineBytesMax })
    expect(split.lines).toEqual(lines)
    expect(split.rejected.map(({ code }) => code)).toEqual(codes)
  })

  test('a line that is too long is rejected with its size and its first thousand bytes', () => {
    const given = bytesOf('first\n', 'x'.repeat(3_000), '\nlast')
    const rejected = [
      {
        code: 'LINE_TOO_LONG' as const,
        data: new Uint8Array(1_000).fill(0x78),
        sizeBytes: 3_000,
        index: 1,
        offset: 6,
      },
    ]
    expect(bothWays(given, { lineBytesMax: 2_000 })).toEqual({ lines: ['first', 'last'], rejected })
    expect(bothWays(given, { lineBytesMax: 10 })).toEqual({ lines: ['first', 'last'], rejected })
  })

  test('the data of a rejected line is a copy', () => {
    const given = bytesOf(0xff)
    const { rejected } = splitLines(given)
    given.fill(0)
    expect(rejected[0]?.data).toEqual(Uint8Array.of(0xff))
  })
})

describe('large texts', () => {
  test('a line of 100 MB is rejected without making a string of it', () => {
    const line = Buffer.alloc(100_000_000, 'x')
    const bytes = Buffer.concat([Buffer.from('a\n'), line, Buffer.from('\nb')])
    const { lines, rejected } = splitLines(bytes)
    expect(lines).toEqual(['a', 'b'])
    expect(rejected).toMatchObject([
      { code: 'LINE_TOO_LONG', sizeBytes: 100_000_000, index: 1, offset: 2 },
    ])
  })

  test('a line of the maximum length is accepted', () => {
    expect(splitLines(Buffer.alloc(LINE_BYTES_MAX, 'x')).lines.map((line) => line.length)).toEqual([
      LINE_BYTES_MAX,
    ])
    expect(splitLines(Buffer.alloc(LINE_BYTES_MAX + 1, 'x')).rejected).toHaveLength(1)
  })

  test('a text longer than the longest string is split in pieces', () => {
    const line = `${'y'.repeat(1_000_000)}\n`
    const bytes = Buffer.alloc(540_000_000 - (540_000_000 % line.length), line)
    expect(splitLines(bytes).lines).toHaveLength(bytes.length / line.length)
  }, 60_000)
})

describe('for any text', () => {
  const separator = fc.constantFrom('\n', '\r\n', '\r')
  const line = fc
    .string({ unit: 'grapheme' })
    .map((characters) => characters.replaceAll(/[\r\n\ufeff]/g, ''))

  test('lines joined by any line ends are split again', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(line, separator)), (pairs) => {
        // After a lone \r, an empty line that ends with \n would make \r\n: one line end, not two.
        const safe = pairs.map(([content, end]) => [content, end === '\r' ? '\r\n' : end] as const)
        const given = safe.map(([content, end]) => content + end).join('')
        expect(splitLines(Buffer.from(given)).lines).toEqual(safe.map(([content]) => content))
        const returns = pairs.map(([content]) => `${content}\r`).join('')
        expect(splitLines(Buffer.from(returns)).lines).toEqual(pairs.map(([content]) => content))
      }),
    )
  })

  // Bytes that matter to the splitter: line ends, byte order marks, parts of characters.
  const specialByte = fc.constantFrom(0x0a, 0x0d, 0x61, 0x62, 0xef, 0xbb, 0xbf, 0xc3, 0xa4, 0xff)
  const specialBytes = fc
    .array(specialByte, { maxLength: 60 })
    .map((bytes) => Uint8Array.from(bytes))
  const offsets = fc.array(fc.nat(60), { maxLength: 8 })

  test('chunks give the same lines as the whole text', () => {
    fc.assert(
      fc.property(
        specialBytes,
        offsets,
        fc.integer({ min: 1, max: 20 }),
        (bytes, ends, lineBytesMax) => {
          const bounds = [0, ...ends.toSorted((a, b) => a - b), bytes.length]
          const chunks = bounds.slice(1).map((to, i) => bytes.subarray(bounds[i] as number, to))
          expect(inChunks(chunks, { lineBytesMax })).toEqual(splitLines(bytes, { lineBytesMax }))
        },
      ),
      { numRuns: 2_000 },
    )
  })

  test('pieces give the same lines as one line at a time', () => {
    fc.assert(
      fc.property(
        fc.array(specialBytes, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 65_500, max: 65_600 }),
        (parts, sizeBytes) => {
          // Bytes that matter, near the offset where one piece ends and the next begins.
          const bytes = Buffer.concat([Buffer.alloc(sizeBytes, 'ab\n'), ...parts])
          const chunks = Array.from({ length: Math.ceil(bytes.length / 50) }, (_, index) =>
            bytes.subarray(index * 50, (index + 1) * 50),
          )
          expect(splitLines(bytes)).toEqual(inChunks(chunks))
        },
      ),
      { numRuns: 20 },
    )
  })
})
