/** The text of a compressed file, part by part, is the text of the whole file. */
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import {
  checkContent,
  type CompressedFile,
  CompressedText,
} from '../../../lib/formats/compressed-text.ts'
import type { Compression } from '../../../lib/formats/compression.ts'
import { canDecompressInSteps } from '../../../lib/formats/decompressor.ts'
import { fileText } from '../../../lib/formats/file-content.ts'
import { FILE_LIMITS, type FileLimits } from '../../../lib/formats/file-limits.ts'
import { splitRange } from '../../../lib/formats/line-range.ts'
import { linesOfPieces } from '../../../lib/formats/text.ts'
import { Random } from '../../../lib/testing/random.ts'

const compress: Readonly<Record<Compression, (bytes: Uint8Array) => Buffer>> = {
  gzip: gzipSync,
  zstd: zstdCompressSync,
}
const both: readonly Compression[] = ['gzip', 'zstd']

interface Watched extends CompressedFile {
  /** The bytes that were read so far. */
  readonly seen: { bytes: number; readonly from: number[] }
}

const fileOf = (compression: Compression, bytes: Uint8Array, readBytes = 1_000): Watched => {
  const seen: Watched['seen'] = { bytes: 0, from: [] }
  const read = async ({ from, to }: { readonly from: number; readonly to: number }) => {
    seen.bytes += to - from
    seen.from.push(from)
    return bytes.subarray(from, to)
  }
  return { name: 'f', compression, sizeBytes: bytes.length, readBytes, read, seen }
}

const partsOf = (textBytes: number, partBytes: number) =>
  Array.from({ length: Math.ceil(textBytes / partBytes) }, (_, index) => ({
    from: index * partBytes,
    to: Math.min((index + 1) * partBytes, textBytes),
  }))

const linesIn = async (file: CompressedFile, partBytes: number) => {
  const { textBytes = 0 } = await checkContent(file, FILE_LIMITS)
  const text = new CompressedText(file, textBytes)
  const lines: string[] = []
  const offsets: number[] = []
  for (const range of partsOf(textBytes, partBytes))
    for (const split of splitRange(await text.lines(range))) {
      lines.push(...split.lines)
      offsets.push(...split.rejected.map(({ offset }) => offset))
    }
  return { lines, offsets }
}

const whole = (bytes: Uint8Array) => {
  const { elements, rejected } = linesOfPieces(fileText({ name: 'f', bytes }, FILE_LIMITS))
  return { lines: elements, offsets: rejected.map(({ offset }) => offset) }
}

const randomText = (random: Random): Buffer =>
  Buffer.concat([
    Buffer.from(random.pick(['', '', '\uFEFF'])),
    ...Array.from({ length: random.between(0, 30) }, () =>
      Buffer.concat([
        random.chance(0.1)
          ? Buffer.of(0xff, 0x80)
          : Buffer.from('ä€a'.repeat(random.between(0, 9))),
        Buffer.from(random.pick(['\n', '\r\n', '\r', ''])),
      ]),
    ),
  ])

test('this version of Node decompresses in steps', () => expect(canDecompressInSteps()).toBe(true))

describe.each(both)('%s', (compression) => {
  const packed = (text: Uint8Array): Buffer => compress[compression](text)

  test('any text, in members of any size, read in pieces and parts of any size', async () => {
    const random = new Random(3)
    for (let round = 0; round < 300; round++) {
      const text = randomText(random)
      const cuts = [random.between(0, text.length), random.between(0, text.length)]
      const [a = 0, b = 0] = cuts.toSorted((one, other) => one - other)
      const members = [text.subarray(0, a), text.subarray(a, b), text.subarray(b)]
      const padding = Buffer.alloc(compression === 'gzip' ? random.pick([0, 0, 1, 700]) : 0)
      const bytes = Buffer.concat(members.flatMap((one) => [packed(one), padding]))
      const file = fileOf(compression, bytes, random.pick([1, 2, 7, 50, 10_000]))
      const partBytes = random.pick([1, 3, 16, 1_000])
      expect(await linesIn(file, partBytes), `round ${round}`).toEqual(whole(bytes))
    }
  })

  test.each<{ what: string; harm: (data: Buffer) => Uint8Array; code: string }>([
    { what: 'cut off', harm: (data) => data.subarray(0, -1), code: 'OBJECT_CORRUPT' },
    { what: 'cut off early', harm: (data) => data.subarray(0, 9), code: 'OBJECT_CORRUPT' },
    {
      what: 'cut off in a later member',
      harm: (data) => Buffer.concat([data, data.subarray(0, 3)]),
      code: 'OBJECT_CORRUPT',
    },
    {
      what: 'followed by other bytes',
      harm: (data) => Buffer.concat([data, Buffer.from('other bytes')]),
      code: 'OBJECT_CORRUPT',
    },
    {
      what: 'no text inside',
      harm: () => packed(Buffer.from('PK\u0003\u0004'.padEnd(2_000, 'x'))),
      code: 'OBJECT_UNSUPPORTED',
    },
  ])('$what: found before any line counts', async ({ harm, code }) => {
    const good = packed(Buffer.from('a line\n'.repeat(500)))
    for (const readBytes of [1, 100, 100_000]) {
      const file = fileOf(compression, harm(good), readBytes)
      await expect(checkContent(file, FILE_LIMITS)).rejects.toMatchObject({ code })
    }
  })

  const MIB = 1024 * 1024
  const limits = (some: Partial<FileLimits>): FileLimits => ({ ...FILE_LIMITS, ...some })

  test.each([
    { what: 'a bomb', given: limits({ ratio: 200 }) },
    { what: 'a large file', given: limits({ ratio: Infinity, bytes: 2 * MIB }) },
  ])('$what is refused before all of it is decompressed', async ({ given }) => {
    const member = packed(Buffer.alloc(4 * MIB, 'x'))
    const bytes = Buffer.concat(Array.from({ length: 64 }, () => member))
    const file = fileOf(compression, bytes, member.length)
    await expect(checkContent(file, given)).rejects.toMatchObject({ code: 'OBJECT_TOO_LARGE' })
    expect(file.seen.bytes).toBeLessThan(bytes.length)
  })

  test.each([
    { what: 'UTF-16', text: Buffer.from('\uFEFFa line\n', 'utf16le') },
    { what: 'compressed again', text: gzipSync('a line\n') },
  ])('$what is not read in parts', async ({ text }) => {
    const file = fileOf(compression, packed(text))
    expect(await checkContent(file, FILE_LIMITS)).toEqual({ textBytes: undefined })
  })
})

/** Much more than is read beyond the end of a part. */
const TEXT = Buffer.from(Array.from({ length: 60_000 }, (_, line) => `line ${line}\n`).join(''))

test('parts that are read in order cost one pass', async () => {
  const bytes = gzipSync(TEXT)
  const file = fileOf('gzip', bytes, 1_000)
  const text = new CompressedText(file, TEXT.length)
  for (const range of partsOf(TEXT.length, 9_000)) await text.lines(range)
  expect(file.seen.bytes).toBe(bytes.length)
})

test('parts that are all computed again, some at a time, cost three passes', async () => {
  const bytes = gzipSync(TEXT)
  const file = fileOf('gzip', bytes, 1_000)
  const text = new CompressedText(file, TEXT.length)
  const parts = partsOf(TEXT.length, 9_000)
  for (let group = 0; group < parts.length; group += 8)
    for (let again = 0; again < 2; again++)
      for (const range of parts.slice(group, group + 8)) await text.lines(range)
  expect(file.seen.bytes).toBeLessThanOrEqual(3 * bytes.length)
})

test('parts in any order, also at the same time, and after a read that failed', async () => {
  const random = new Random(8)
  const bytes = gzipSync(TEXT)
  const file = fileOf('gzip', bytes, 700)
  let failing = -1
  const text = new CompressedText(
    {
      ...file,
      read: async (range) => {
        if (failing-- === 0) throw new Error('not now')
        return file.read(range)
      },
    },
    TEXT.length,
  )
  const parts = partsOf(TEXT.length, 20_000)
  const expected = await Promise.all(parts.map(async (range) => text.lines(range)))
  const joined = expected.flatMap(({ pieces }) => pieces)
  expect(Buffer.concat(joined).equals(TEXT)).toBe(true)
  for (let round = 0; round < 60; round++) {
    const index = random.between(0, parts.length - 1)
    const isFailing = random.chance(0.2)
    failing = isFailing ? random.between(0, 3) : -1
    const asked = parts.slice(index, index + random.between(1, 4))
    const read = await Promise.allSettled(asked.map(async (range) => text.lines(range)))
    for (const [at, one] of read.entries()) {
      if (!isFailing) expect(one.status).toBe('fulfilled')
      if (one.status === 'fulfilled') expect(one.value).toEqual(expected[index + at])
    }
  }
})

test('a file that is shorter than it was fails, and gives no part of its lines', async () => {
  const short = gzipSync(TEXT.subarray(0, 90_000))
  const text = new CompressedText(fileOf('gzip', short), TEXT.length)
  const [first, second] = partsOf(TEXT.length, 20_000)
  expect((await text.lines(first!)).from).toBe(0)
  await expect(text.lines(second!)).rejects.toMatchObject({ code: 'OBJECT_CORRUPT' })
})
