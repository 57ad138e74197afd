/** What an object of 10 GB takes: `npm run test:long -- large-object`. */
import { expect, test } from 'vitest'
import { readLarge } from './large-object.ts'

const MIB = 1 << 20

test(
  'an object of 10 GiB is counted in the memory of a few parts',
  { timeout: 1_200_000 },
  async () => {
    const { counts, gets, answerBytesMax, grownBytes } = await readLarge(10_240 * MIB)
    process.stdout.write(`${gets} requests, ${Math.round(grownBytes / MIB)} MiB more at most\n`)
    expect(counts).toEqual([10_240])
    expect(answerBytesMax).toBeLessThanOrEqual(5 * MIB)
    expect(grownBytes).toBeLessThan(256 * MIB)
  },
)
