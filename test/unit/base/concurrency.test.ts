import { describe, expect, test } from 'vitest'
import { allOrFirstError, mapAtOnce } from '../../../lib/base/concurrency.ts'

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
