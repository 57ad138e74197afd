import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import type { DeadLetter } from '../../../lib/state/dead-letter.ts'
import { blockAttributes, lettersIn, packLetters } from '../../../lib/state/dead-letter-blocks.ts'

const ITEM_BYTES_MAX = 400_000

/** `bytes` bytes that no compression makes smaller. */
const letterOf = (index: number, bytes = 0): DeadLetter => ({
  source: 'lines',
  position: `lane#${index}`,
  code: 'RECORD_INVALID',
  message: 'no',
  operator: index % 2 === 0 ? undefined : 'map-1',
  form: 'bytes',
  processedElsewhere: index % 3 === 0,
  data: new Uint8Array(randomBytes(bytes)),
  sizeBytes: bytes,
  declaredAt: index % 5 === 0 ? undefined : '/p/words.ts:7:9',
  stack: index % 7 === 0 ? undefined : 'at /p/words.ts:7:29',
})

test.each<[string, readonly DeadLetter[], number, number]>([
  ['none', [], ITEM_BYTES_MAX, 0],
  ['a few', Array.from({ length: 5 }, (_, i) => letterOf(i)), ITEM_BYTES_MAX, 1],
  ['as many as a block may hold', Array.from({ length: 8_192 }, (_, i) => letterOf(i)), 1e9, 1],
  ['one more', Array.from({ length: 8_193 }, (_, i) => letterOf(i)), 1e9, 2],
  ['more than a block has bytes', Array.from({ length: 9 }, (_, i) => letterOf(i, 1e5)), 1e9, 5],
  ['more than half of an item', Array.from({ length: 8 }, (_, i) => letterOf(i, 900)), 4_000, 4],
])(
  'blocks hold dead letters as they are, in their order: %s',
  (_, letters, itemBytesMax, count) => {
    const { blocks, apart } = packLetters(letters, itemBytesMax)
    expect(apart).toEqual([])
    expect(blocks).toHaveLength(count)
    const found = blocks.flatMap((block) => lettersIn(blockAttributes(block)))
    expect(found.map(({ position }) => position)).toEqual(letters.map(({ position }) => position))
    // To show how megabytes differ would take minutes.
    expect(isDeepStrictEqual(found, letters)).toBe(true)
    for (const { bytes } of blocks)
      expect(bytes.byteLength).toBeLessThanOrEqual(Math.min(256 * 1024, itemBytesMax / 2))
  },
)

test('a dead letter that is too large for a block stands apart, and the others do not', () => {
  const letters = [letterOf(0, 10), letterOf(1, 3_000), letterOf(2, 10)]
  const { blocks, apart } = packLetters(letters, 4_000)
  expect(apart).toEqual([letters[1]])
  expect(blocks.flatMap((block) => block.letters)).toEqual([letters[0], letters[2]])
})
