import { expect, test } from 'vitest'
import { readLarge } from './large-object.ts'

const MIB = 1 << 20

test('an object of 256 MiB is read in parts of 4 MiB, and few of them are held', async () => {
  const { counts, gets, answerBytesMax, grownBytes } = await readLarge(256 * MIB)
  expect(counts).toEqual([256])
  expect(answerBytesMax).toBeLessThanOrEqual(5 * MIB)
  expect(gets).toBeLessThanOrEqual(64 + 6)
  // Up to four parts may be garbage.
  expect(grownBytes).toBeLessThan(64 * MIB)
})

test('plain text may be larger than the limit for what is read as a whole', async () => {
  const { counts } = await readLarge(520 * MIB)
  expect(counts).toEqual([520])
})
