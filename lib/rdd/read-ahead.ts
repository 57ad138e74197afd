/**
 * Reads lazy partitions a little ahead of their use: so a batch computes one partition while the
 * next ones are on their way.
 */
import { isLazy, type Partition, type SourcePartition } from './partition.ts'

/**
 * How many partitions are read at the same time. An object store answers after 60 to 200 ms, and a
 * block of 50 KB is computed in 4 ms: with fewer reads, a batch of thousands of them would wait.
 */
const AT_ONCE = 64
/**
 * The most bytes that are read ahead. A partition with more is read when it is used. So an attempt
 * that ends in the middle of a stage leaves no more than this under way.
 */
const BYTES_AHEAD = 8 * 1024 * 1024

type Read<T> = Promise<() => Partition<T>>

/** The partitions of a source, by index. Each use reads a lazy partition again. */
export class ReadAhead<T> {
  readonly #partitions: readonly SourcePartition<T>[]
  readonly #ahead = new Map<number, Read<T>>()

  constructor(partitions: readonly SourcePartition<T>[]) {
    this.#partitions = partitions
  }

  /**
   * One partition. What follows is read ahead, as far as the limits allow, and not beyond `until`:
   * another task uses the partitions after it, perhaps elsewhere.
   */
  async at(index: number, until: number = Infinity): Promise<Partition<T>> {
    const partition = this.#partitions[index]
    if (partition === undefined) return { records: [], steps: [] }
    if (!isLazy(partition)) return partition
    const read = this.#ahead.get(index) ?? partition.read()
    // A use that jumps back begins again. What was read ahead for the one before is dropped.
    for (const other of this.#ahead.keys()) if (other <= index) this.#ahead.delete(other)
    this.#readAfter(index, until)
    return (await read)()
  }

  #readAfter(index: number, until: number): void {
    let bytes = 0
    const end = Math.min(index + 1 + AT_ONCE, this.#partitions.length, until + 1)
    for (let next = index + 1; next < end; next++) {
      const partition = this.#partitions[next] as SourcePartition<T>
      bytes += partition.sizeBytes ?? 0
      if (bytes > BYTES_AHEAD) return
      if (!isLazy(partition) || this.#ahead.has(next)) continue
      const read = partition.read()
      // Whoever uses the partition gets the error.
      read.catch(() => undefined)
      this.#ahead.set(next, read)
    }
  }
}
