import { availableParallelism, totalmem } from 'node:os'
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
  return Math.min(1, Math.max(used / limit, process.memoryUsage.rss() / memoryOfMachine()))
}

const BYTES_PER_MB = 1_048_576

/**
 * The memory that this process may use, in megabytes: the heap that V8 allows, or the memory of the
 * machine or its container, whichever is less.
 *
 * @example console.log(`${memoryMb()} MB`)
 */
export const memoryMb = (): number => {
  const { heap_size_limit: limit } = getHeapStatistics()
  return Math.round(Math.min(limit, memoryOfMachine()) / BYTES_PER_MB)
}

/** The memory of the machine or its container, in bytes. */
export const memoryOfMachine = (): number => {
  const constrained = process.constrainedMemory()
  // 0: unknown. A huge number: there is no limit.
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
}

/** About what a thread takes for its heap, the module, and the part of a file that it has. */
const THREAD_BYTES = 512 * 1024 * 1024

/**
 * How many threads may compute on this machine: one for each core that this process may use, if
 * there is memory for them; at least one.
 *
 * @example const threads = threadsForMachine() // 8
 */
export const threadsForMachine = (
  cores: number = availableParallelism(),
  memoryBytes: number = memoryOfMachine(),
): number => Math.max(1, Math.min(cores, Math.floor(memoryBytes / THREAD_BYTES)))
