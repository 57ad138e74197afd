/**
 * A short text for what a process has found where it read an input. Processes with the same text
 * divide the input into the same tasks, and have put the same aside.
 *
 * Tasks are groups of partitions, and are named by their numbers. An object that is replaced, or a
 * block that is lost, takes its partition with it, and all partitions after it move up. The number
 * of tasks may be the same all the same. So whoever computes a task of another process compares
 * this.
 */
import { createHash } from 'node:crypto'
import { isLazy, recordsIn, type SourcePartition } from '../../rdd/partition.ts'

const DIGITS = 32

type Partitions = ReadonlyMap<string, readonly SourcePartition<unknown>[]>

/** `putAside`: the names of the dead letters that reading has given at once. */
export const foundText = (partitions: Partitions, putAside: Iterable<string>): string => {
  const bySource = [...partitions].map(([id, all]) => [id, all.map(shapeOf)])
  const found = JSON.stringify([bySource, [...putAside].toSorted()])
  return createHash('sha256').update(found).digest('hex').slice(0, DIGITS)
}

const shapeOf = (partition: SourcePartition<unknown>): readonly unknown[] => [
  isLazy(partition),
  partition.sizeBytes,
  recordsIn([partition]),
  isLazy(partition) && partition.isAlone === true,
]
