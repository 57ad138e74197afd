import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'

/**
 * The share of its memory that this process uses, from 0 to 1: of the heap that V8 allows, or of
 * the machine or its container, whichever is fuller. What is garbage already counts, so it is never
 * too low.
 *
 * @example
 * ```ts
 * if (memoryInUse() > 0.5) console.log('half of the memory is in use')
 * ```
 */
export const memoryInUse = (): number => {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
  const constrained = process.constrainedMemory()
  // 0: unknown. A huge number: there is no limit.
  const machine = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
  return Math.min(1, Math.max(used / limit, process.memoryUsage.rss() / machine))
}
