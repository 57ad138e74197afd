import { expect, test } from 'vitest'
import { checkRefused } from '../../../../../lib/runtime/sources/objects/refused-objects.ts'

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
  const objects = Array.from({ length: refused }, (_, index) => ({
    key: `k${index}`,
    name: `n${index}`,
    message: 'no rights',
  }))
  const check = (): void => checkRefused(objects, others)
  if (goesOn) expect(check).not.toThrow()
  else expect(check).toThrow(expect.objectContaining({ code: 'OBJECT_UNREADABLE' }))
})
