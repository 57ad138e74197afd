import { describe, expect, test } from 'vitest'
import { goodLines, readLines, splitRange } from '../../../lib/formats/line-range.ts'
import { type RejectedLine, splitLines } from '../../../lib/formats/text-lines.ts'
import { Random } from '../../../lib/testing/random.ts'

/** What does not depend on the parts. */
const placeOf = ({ code, offset, sizeBytes }: RejectedLine): object => ({ code, offset, sizeBytes })

/** The lines and rejected lines of a text, read in parts of a size. */
const inParts = async (
  text: Uint8Array,
  partBytes: number,
): Promise<{ lines: string[]; rejected: unknown[]; reads: number[] }> => {
  const lines: string[] = []
  const rejected: unknown[] = []
  const reads: number[] = []
  for (let from = 0; from < text.length; from += partBytes) {
    const found = await readLines({
      from,
      to: Math.min(from + partBytes, text.length),
      sizeBytes: text.length,
      read: async (range) => {
        reads.push(range.to - range.from)
        return text.subarray(range.from, range.to)
      },
    })
    const made = goodLines(found)
    for (const part of splitRange(found)) {
      lines.push(...part.lines)
      rejected.push(...part.rejected.map(placeOf))
    }
    // Where lines can be made later, they are the same, and none is rejected.
    if (made === undefined) continue
    expect([...made()].flat()).toEqual(splitRange(found).flatMap((part) => part.lines))
    expect(splitRange(found).flatMap((part) => part.rejected)).toEqual([])
  }
  return { lines, rejected, reads }
}

const whole = (text: Uint8Array): { lines: readonly string[]; rejected: unknown[] } => {
  const { lines, rejected } = splitLines(text)
  return { lines, rejected: rejected.map(placeOf) }
}

const CASES: readonly { readonly what: string; readonly text: string | Uint8Array }[] = [
  { what: 'lines', text: 'one\ntwo\nthree\n' },
  { what: 'no last line end', text: 'one\ntwo' },
  { what: 'pairs of \\r and \\n', text: 'one\r\ntwo\r\n\r\nthree' },
  { what: 'lone \\r', text: 'one\rtwo\r\rthree\r' },
  { what: 'empty lines', text: '\n\n\r\n\r\r\n\n' },
  { what: 'a byte order mark at the beginning', text: '\ufeffone\n\ufefftwo\n' },
  { what: 'one line longer than all parts', text: 'x'.repeat(40) },
  { what: 'characters of several bytes', text: 'ä€😀\n😀😀\nä' },
  { what: 'a line that is not UTF-8', text: Buffer.from('6f6e650aff74776f0a74', 'hex') },
]

describe('the parts of a text have each of its lines once', () => {
  test.each(CASES)('$what', async ({ text }) => {
    const bytes = Buffer.from(text as string)
    for (let size = 1; size <= bytes.length + 1; size++) {
      const { lines, rejected } = await inParts(bytes, size)
      expect({ size, lines, rejected }).toEqual({ size, ...whole(bytes) })
    }
  })

  test('random texts in parts of random sizes', async () => {
    const random = new Random(7)
    for (let round = 0; round < 300; round++) {
      const pieces = Array.from({ length: random.between(1, 60) }, () =>
        random.pick(['a', 'bc', '\n', '\r', '\r\n', 'é', '\ufeff', '']),
      )
      const bytes = Buffer.from(pieces.join(''))
      const { lines, rejected } = await inParts(bytes, random.between(1, 20))
      expect({ lines, rejected }).toEqual(whole(bytes))
    }
  })

  test('a line that is too long is rejected once, with its size', async () => {
    const bytes = Buffer.concat([
      Buffer.from('first\n'),
      Buffer.alloc(11 * 1024 * 1024, 'x'),
      Buffer.from('\nlast\n'),
    ])
    const { lines, rejected } = await inParts(bytes, 1024 * 1024)
    expect(lines).toEqual(['first', 'last'])
    expect(rejected).toMatchObject([
      { code: 'LINE_TOO_LONG', sizeBytes: 11 * 1024 * 1024, offset: 6 },
    ])
  })

  test('a part reads little beyond its end', async () => {
    const bytes = Buffer.from('0123456789\n'.repeat(100_000))
    const { reads } = await inParts(bytes, 256 * 1024)
    expect(reads).toHaveLength(5)
    for (const size of reads) expect(size).toBeLessThanOrEqual(256 * 1024 + 64 * 1024 + 1)
  })
})
