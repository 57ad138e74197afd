import { expect, test } from 'vitest'
import { together } from '../../../lib/base/together.ts'

const later = <T>(value: T): Promise<T> => new Promise((resolve) => setImmediate(() => resolve(value)))

test('gives all values in their order', async () => {
  expect(await together([later(1), Promise.resolve(2)])).toEqual([1, 2])
  expect(await together([])).toEqual([])
})

test('throws the first failure in their order, when all are over', async () => {
  let over = false
  const slow = later(undefined).then(() => {
    over = true
    throw new Error('slow')
  })
  await expect(together([slow, Promise.reject(new Error('fast'))])).rejects.toThrow('slow')
  expect(over).toBe(true)
})
