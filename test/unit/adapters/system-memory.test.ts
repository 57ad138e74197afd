import { expect, test } from 'vitest'
import { memoryInUse, threadsForMachine } from '../../../lib/adapters/local/system-memory.ts'

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

const GB = 1_000_000_000

test.each([
  { what: 'each core', cores: 8, memory: 16 * GB, threads: 8 },
  { what: 'memory for fewer threads than cores', cores: 64, memory: 4 * GB, threads: 7 },
  { what: 'a small container', cores: 4, memory: 0.3 * GB, threads: 1 },
])('threads for $what', ({ cores, memory, threads }) => {
  expect(threadsForMachine(cores, memory)).toBe(threads)
})
