import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rollAt, rollId } from '../../../lib/dstream/rolls.ts'

/** Waiting times and bytes, the time of the batch, and the bytes that it brings. */
type Given = readonly [times: readonly number[], bytes: number, timeMs: number, ownBytes: number]
type Step = readonly [
  closed: readonly (readonly number[])[],
  waiting: readonly number[],
  bytes: number,
]

/** Periods of 10 ms, and files of at most 100 bytes. */
const RULE = { everyMs: 10, maxBytes: 100 }

test.for<readonly [string, Given, Step]>([
  ['nothing', [[], 0, 3, 0], [[], [], 0]],
  ['the first batch waits', [[], 0, 3, 5], [[], [3], 5]],
  ['a second one joins it', [[3], 5, 4, 6], [[], [3, 4], 11]],
  ['an empty one does not', [[3], 5, 4, 0], [[], [3], 5]],
  ['the end of the period belongs to it', [[3], 5, 10, 6], [[[3, 10]], [], 0]],
  ['an empty batch at the end', [[3], 5, 10, 0], [[[3]], [], 0]],
  ['a batch after the end begins the next period', [[3], 5, 11, 6], [[[3]], [11], 6]],
  ['an empty batch after the end', [[3], 5, 17, 0], [[[3]], [], 0]],
  ['the only batch of a period, at its end', [[], 0, 10, 6], [[[10]], [], 0]],
  ['two periods that end late', [[3], 5, 20, 6], [[[3], [20]], [], 0]],
  ['as many bytes as allowed', [[3], 60, 4, 40], [[[3, 4]], [], 0]],
  ['one byte too many: the batch begins the next file', [[3], 60, 4, 41], [[[3]], [4], 41]],
  ['and is one by itself', [[3], 60, 4, 100], [[[3], [4]], [], 0]],
  ['one batch larger than a file', [[], 0, 4, 1_000], [[[4]], [], 0]],
  ['too many bytes at the end', [[3], 60, 10, 41], [[[3], [10]], [], 0]],
  [
    'periods that were longer before',
    [[3, 8, 12, 19], 40, 22, 5],
    [
      [
        [3, 8],
        [12, 19],
      ],
      [22],
      5,
    ],
  ],
  ['a file that could be larger before', [[3, 4], 150, 5, 0], [[[3, 4]], [], 0]],
])('%s', ([, [times, bytes, timeMs, ownBytes], [closed, waiting, left]]) => {
  expect(rollAt(RULE, timeMs, { times, bytes }, ownBytes)).toEqual({
    closed,
    waiting: { times: waiting, bytes: left },
  })
})

test('each batch is in one roll, in order, in its period, and within the limit', () => {
  const batches = fc.array(fc.tuple(fc.nat(25), fc.nat(120)), { maxLength: 40 })
  fc.assert(
    fc.property(batches, (steps) => {
      let waiting: { readonly times: readonly number[]; readonly bytes: number } = {
        times: [],
        bytes: 0,
      }
      const sizes = new Map<number, number>()
      const rolls: (readonly number[])[] = []
      let timeMs = 0
      for (const [laterMs, bytes] of [...steps, [10, 0] as const]) {
        timeMs += laterMs + 1
        if (bytes > 0) sizes.set(timeMs, bytes)
        const step = rollAt(RULE, timeMs, waiting, bytes)
        // The only period that may wait is one that is not over.
        for (const one of step.waiting.times) expect(Math.ceil(one / 10) * 10 > timeMs).toBe(true)
        rolls.push(...step.closed)
        waiting = step.waiting
      }
      expect(rolls.flat()).toEqual([...sizes.keys()])
      for (const roll of rolls) {
        expect(new Set(roll.map((one) => Math.ceil(one / 10))).size).toBe(1)
        const bytes = roll.reduce((sum, one) => sum + (sizes.get(one) ?? 0), 0)
        expect(bytes <= 100 || roll.length === 1).toBe(true)
      }
    }),
  )
})

test.for([
  ['s3://results/counts-0', /^rolled-s3-results-counts-0-[0-9a-f]{6}$/],
  ['a/b', /^rolled-a-b-[0-9a-f]{6}$/],
  ['Ä', /^rolled-[0-9a-f]{6}$/],
  ['x'.repeat(100), /^rolled-x{50}-[0-9a-f]{6}$/],
] as const)('the id of the output at %s', ([place, id]) => {
  expect(rollId(place)).toMatch(id)
  expect(rollId(place)).not.toBe(rollId(`${place}/`))
})
