/** How much the log of a state writes and reads, and that it always holds the state. */
import { describe, expect, test } from 'vitest'
import { Random } from '../../../lib/testing/random.ts'
import { keyOf, LogBed } from './log-bed.ts'

/** Many batches, each of which changes a share of the keys, by one more. */
const run = async (keys: number, changed: number, batches: number): Promise<LogBed> => {
  const bed = new LogBed()
  const random = new Random(1)
  await bed.batch(Array.from({ length: keys }, (_, key) => [keyOf(key), 1]))
  bed.written = 0
  bed.deltas = 0
  for (let batch = 0; batch < batches; batch++) {
    const some = Array.from({ length: changed }, () => keyOf(random.between(0, keys - 1)))
    await bed.batch(some.map((key) => [key, (bed.plain.get(key) ?? 0) + 1]))
  }
  await bed.check()
  return bed
}

describe('what changes is written', () => {
  test.for([
    // keys, changed in a batch, batches, times the bytes of the deltas, segments at the end
    [10_000, 100, 1_000, 1.5, 350],
    [10_000, 1, 1_000, 2.2, 80],
    [20_000, 2_000, 100, 1.5, 30],
    [1_000, 1_000, 50, 1.5, 4],
    [10, 10, 50, 1.6, 1],
  ] as const)(
    '%i keys, %i changed, %i batches: %f times',
    async ([keys, changed, batches, times, segments]) => {
      const bed = await run(keys, changed, batches)
      expect(bed.written / bed.deltas).toBeLessThanOrEqual(times)
      expect(bed.partition.count).toBeLessThanOrEqual(segments)
      expect(bed.partition.pages.length + bed.partition.refs.length).toBeLessThanOrEqual(48)
    },
  )
})

test.for([1, 2, 3, 4])(
  'random changes, warm and cold: the state is a plain map, %i',
  async (seed) => {
    const random = new Random(seed)
    const bed = new LogBed()
    for (let batch = 0; batch < 400; batch++) {
      const some = Array.from({ length: random.pick([0, 1, 1, 2, 5, 40]) }, () => {
        const key = keyOf(random.between(0, random.pick([20, 500])))
        return [key, random.chance(0.2) ? undefined : batch] as const
      })
      await bed.batch([...new Map(some)])
      if (random.chance(0.05)) bed.forget()
      if (batch % 50 === 0) await bed.check()
    }
    await bed.batch([...bed.plain.keys()].map((key) => [key, undefined]))
    await bed.check()
  },
)
