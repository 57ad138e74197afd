import { expect, test } from 'vitest'
import { allOrFirstError } from '../../../lib/base/all-or-first-error.ts'

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
