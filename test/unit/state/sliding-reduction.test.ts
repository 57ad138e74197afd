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
    [4, '(((12)3)4)'],
    [5, '((2(34))5)'],
    [6, '((34)(56))'],
    [7, '(4((56)7))'],
    [8, '(((56)7)8)'],
    [9, '((6(78))9)'],
  ])('at %i', async (timeMs, expected) => {
    expect(await brackets().at(timeMs)).toBe(expected)
    const warm = brackets()
    let last: string | undefined
    for (let time = 1; time <= timeMs; time++) last = await warm.at(time)
    expect(last).toBe(expected)
  })
})

test.each([10, 100, 1_000])(
  'a window of %i panes costs less than three reductions for each key and pane',
  async (length) => {
    let calls = 0
    const reduction = new SlidingReduction<string, number>(
      { zeroMs: 0, paneMs: 1, lengthMs: length },
      (a, b) => {
        calls += 1
        return a + b
      },
    )
    const panes = new Map<number, KeyedPane<string, number>>()
    for (let time = 1; time <= 3 * length; time++) {
      panes.set(time, [
        ['a', 'b'],
        [1, time],
      ])
      panes.delete(time - length)
      const view = {
        ...panesOf(new Map()),
        times: [...panes.keys()],
        read: async (at: number) => panes.get(at) as never,
      } as unknown
      const [[, count]] = (await reduction.window(view as Panes<KeyedPane<string, number>>, {
        fromMs: time - length + 1,
        toMs: time,
      })) as [[string, number]]
      expect(count).toBe(Math.min(time, length))
    }
    expect(calls).toBeLessThan(3 * 2 * 3 * length)
  },
)

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
