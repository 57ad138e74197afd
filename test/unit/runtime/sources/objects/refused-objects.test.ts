import { expect, test } from 'vitest'
import { checkRefused } from '../../../../../lib/runtime/sources/objects/refused-objects.ts'

const refusedObjects = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    key: `k${index}`,
    name: `n${index}`,
    message: 'no rights',
  }))

test('archived objects are their own fault, however many there are', () => {
  const archived = refusedObjects(1_000).map((one) => ({
    ...one,
    code: 'OBJECT_ARCHIVED' as const,
  }))
  expect(() => checkRefused(archived, 0)).not.toThrow()
  expect(() => checkRefused([...archived, ...refusedObjects(999)], 0)).not.toThrow()
  expect(() => checkRefused([...archived, ...refusedObjects(1_001)], 0)).toThrow('1001 objects')
})

test.each([
  // refused objects, the others, whether the batch goes on
  [0, 0, true],
  [10, 0, true],
  [11, 0, false],
  [11, 10, false],
  [11, 11, true],
  [500, 499, false],
  [500, 500, true],
])('%i refused objects beside %i others: the batch goes on: %s', (refused, others, goesOn) => {
  const check = (): void => checkRefused(refusedObjects(refused), others)
  if (goesOn) expect(check).not.toThrow()
  else expect(check).toThrow(expect.objectContaining({ code: 'OBJECT_UNREADABLE' }))
})
