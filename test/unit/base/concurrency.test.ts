import { describe, expect, test } from 'vitest'
import { allOrFirstError, mapAtOnce, mapWithin } from '../../../lib/base/concurrency.ts'

const later = <T>(value: T): Promise<T> =>
  new Promise((resolve) => setImmediate(() => resolve(value)))

test('returns all values in the order of the promises', async () => {
  expect(await allOrFirstError([later(1), Promise.resolve(2)])).toEqual([1, 2])
  expect(await allOrFirstError([])).toEqual([])
})

test('waits for all promises, then throws the first error in their order', async () => {
  let over = false
  const slow = later(undefined).then(() => {
    over = true
    throw new Error('slow')
  })
  await expect(allOrFirstError([slow, Promise.reject(new Error('fast'))])).rejects.toThrow('slow')
  expect(over).toBe(true)
})

describe('mapAtOnce', () => {
  test('runs at most so many at once, and keeps the order of the results', async () => {
    let running = 0
    let most = 0
    const results = await mapAtOnce([5, 4, 3, 2, 1, 0], 2, async (turns) => {
      most = Math.max(most, ++running)
      for (let turn = 0; turn < turns; turn++) await later(undefined)
      running -= 1
      return turns * 10
    })
    expect(results).toEqual([50, 40, 30, 20, 10, 0])
    expect(most).toBe(2)
    expect(await mapAtOnce([], 2, later)).toEqual([])
  })

  test('after a failure begins nothing new, waits for what runs, and throws', async () => {
    const begun: number[] = []
    const ended: number[] = []
    const failing = mapAtOnce([0, 1, 2, 3], 2, async (element) => {
      begun.push(element)
      if (element === 1) throw new Error(`element ${element}`)
      await later(undefined)
      ended.push(element)
    })
    await expect(failing).rejects.toThrow('element 1')
    expect({ begun, ended }).toEqual({ begun: [0, 1], ended: [0] })
  })
})

describe('mapWithin', () => {
  /** Runs an action for each weight. Returns the most actions and the most weight at once. */
  const run = async (weights: readonly number[], atOnce: number, weight: number) => {
    let [running, heavy, most, heaviest] = [0, 0, 0, 0]
    const results = await mapWithin(
      weights,
      { atOnce, weight, weightOf: (own) => own },
      async (own) => {
        most = Math.max(most, ++running)
        heaviest = Math.max(heaviest, (heavy += own))
        for (let turn = 0; turn < own; turn++) await later(undefined)
        running -= 1
        heavy -= own
        return own * 10
      },
    )
    expect(results).toEqual(weights.map((own) => own * 10))
    return { most, heaviest }
  }

  test.each([
    ['a number at once', [1, 1, 1, 1, 1, 1], 2, 100, { most: 2, heaviest: 2 }],
    ['a weight at once', [4, 3, 2, 1, 4, 1], 100, 5, { most: 2, heaviest: 5 }],
    ['what is too heavy alone', [1, 9, 1], 100, 5, { most: 1, heaviest: 9 }],
    ['nothing', [], 2, 5, { most: 0, heaviest: 0 }],
  ] as const)('runs %s', async (_, weights, atOnce, weight, expected) => {
    expect(await run(weights, atOnce, weight)).toEqual(expected)
  })

  test('after a failure begins nothing new, waits for what runs, and throws', async () => {
    const begun: number[] = []
    const ended: number[] = []
    const failing = mapWithin(
      [0, 1, 2, 3],
      { atOnce: 2, weight: 9, weightOf: () => 1 },
      async (element) => {
        begun.push(element)
        if (element === 1) throw new Error(`element ${element}`)
        await later(undefined)
        ended.push(element)
      },
    )
    await expect(failing).rejects.toThrow('element 1')
    expect({ begun, ended }).toEqual({ begun: [0, 1], ended: [0] })
  })
})
