import { expect, test } from 'vitest'
import { memoryInUse } from '../../../lib/adapters/local/system-memory.ts'

test('the memory in use is a share, and grows with what a process holds', () => {
  const before = memoryInUse()
  expect(before).toBeGreaterThan(0)
  // About 120 MB on the heap, which V8 limits to a few GB.
  const held = Array.from({ length: 3_000_000 }, (_, index) => ({ index }))
  const after = memoryInUse()
  expect(after).toBeGreaterThan(before)
  expect(after).toBeLessThan(1)
  expect(held).toHaveLength(3_000_000)
})
