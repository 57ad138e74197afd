import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type KeyedPane, putPairs } from '../../../lib/state/operator/keyed-pane.ts'
import type { Panes } from '../../../lib/state/operator/panes.ts'
import { SlidingReduction } from '../../../lib/state/operator/sliding-reduction.ts'

type Pane = KeyedPane<string, string>

/** Panes by time, in memory. */
const panesOf = (panes: ReadonlyMap<number, Pane>): Panes<Pane> => ({
  times: [...panes.keys()],
  fetch: async () => undefined,
  read: async (timeMs) => panes.get(timeMs) as Pane,
  put: () => undefined,
  unput: () => undefined,
  dropBefore: () => undefined,
  memo: (make) => make(),
})

const GRID = { zeroMs: 0, paneMs: 1, lengthMs: 4 }

/**
 * Each pane has its time as the value of the key `a`. The reduction writes brackets, which show the
 * order of reductions.
 */
const brackets = (
  reduction = new SlidingReduction<string, string>(GRID, (a, b) => `(${a}${b})`),
) => ({
  at: async (timeMs: number, panes = 20): Promise<string | undefined> => {
    const all = new Map(
      Array.from({ length: panes }, (_, index) => [
        index + 1,
        [['a'], [String((index + 1) % 10)]] as const,
      ]),
    )
    const seen = new Map([...all].filter(([time]) => time <= timeMs && time > timeMs - 4))
    return (await reduction.window(panesOf(seen), { fromMs: timeMs - 3, toMs: timeMs }))[0]?.[1]
  },
})

describe('the order of reductions depends on the grid alone (B3)', () => {
  test.each([
    [1, '1'],
    [2, '(12)'],
    [3, '((12)3)'],
    [4, '((12)(34))'],
    [5, '(2((34)5))'],
    [6, '((34)(56))'],
    [7, '(4((56)7))'],
    [8, '((56)(78))'],
    [9, '(6((78)9))'],
  ])('at %i', async (timeMs, expected) => {
    expect(await brackets().at(timeMs)).toBe(expected)
    const warm = brackets()
    let last: string | undefined
    for (let time = 1; time <= timeMs; time++) last = await warm.at(time)
    expect(last).toBe(expected)
  })
})

describe('work is spread over the slides', () => {
  test.each([
    { length: 2, slide: 1 },
    { length: 10, slide: 1 },
    { length: 101, slide: 1 },
    { length: 3_600, slide: 1 },
    { length: 360, slide: 6 },
    { length: 360, slide: 360 },
  ])('a window of $length panes by $slide', async ({ length, slide }) => {
    let calls = 0
    const grid = { zeroMs: 0, paneMs: 1, lengthMs: length }
    const reduction = new SlidingReduction<string, number>(grid, (a, b) => {
      calls += 1
      return a + b
    })
    const panes = new Map<number, KeyedPane<string, number>>()
    const view = {
      ...panesOf(new Map()),
      get times() {
        return [...panes.keys()]
      },
      read: async (at: number) => panes.get(at) as KeyedPane<string, number>,
    } as unknown as Panes<KeyedPane<string, number>>
    let [most, total] = [0, 0]
    const slides = Math.ceil((3 * length) / slide)
    for (let time = 1; time <= slides * slide; time++) {
      panes.set(time, [['a'], [1]])
      panes.delete(time - length)
      if (time % slide !== 0) continue
      calls = 0
      const sums = await reduction.window(view, { fromMs: time - length + 1, toMs: time })
      expect(sums).toEqual([['a', Math.min(time, length)]])
      most = Math.max(most, calls)
      total += calls
    }
    expect(most).toBeLessThanOrEqual(4 * slide)
    expect(total).toBeLessThanOrEqual(4 * slides * slide)
  })
})

test('any panes, windows and new processes give what a loop over the window gives', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        length: fc.integer({ min: 1, max: 9 }),
        slide: fc.integer({ min: 1, max: 4 }),
        zeroMs: fc.integer({ min: -3, max: 3 }),
        steps: fc.array(fc.tuple(fc.subarray(['a', 'b', 'c']), fc.boolean()), { maxLength: 40 }),
      }),
      async ({ length, slide, zeroMs, steps }) => {
        const grid = { zeroMs, paneMs: 1, lengthMs: length }
        const make = () => new SlidingReduction<string, string>(grid, (a, b) => `(${a}${b})`)
        const panes = new Map<number, Pane>()
        const warm = make()
        for (const [index, [keys, isAsked]] of steps.entries()) {
          const toMs = zeroMs + 1 + index
          if (keys.length > 0) panes.set(toMs, [keys, keys.map(() => `${index} `)])
          if ((index + 1) % slide !== 0 || !isAsked) continue
          const fromMs = toMs - length + 1
          const seen = new Map([...panes].filter(([time]) => time >= fromMs))
          const given = await warm.window(panesOf(seen), { fromMs, toMs })
          expect(await make().window(panesOf(seen), { fromMs, toMs })).toEqual(given)
          const plain = ['a', 'b', 'c'].flatMap((key) => {
            const all = [...seen.values()].flatMap(([held, [value]]) =>
              held.includes(key) ? [value] : [],
            )
            return all.length === 0 ? [] : [[key, all.join('')]]
          })
          expect(given.map(([key, text]) => [key, text.replaceAll(/[()]/g, '')])).toEqual(plain)
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('an empty batch makes no pane, and values that cannot be changed are simple', () => {
  const put: unknown[] = []
  const panes: Panes<KeyedPane<string, unknown>> = {
    ...panesOf(new Map()),
    read: async () => [[], []],
    put: (...what) => void put.push(what),
  }
  putPairs(panes, [])
  putPairs(panes, [
    ['a', 1],
    ['b', null],
  ])
  putPairs(panes, [
    ['a', 1],
    ['b', []],
  ])
  expect(put).toEqual([
    [
      [
        ['a', 'b'],
        [1, null],
      ],
      true,
    ],
    [
      [
        ['a', 'b'],
        [1, []],
      ],
      false,
    ],
  ])
})
