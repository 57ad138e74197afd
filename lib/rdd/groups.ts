/** Which partitions are computed together, as one task. */

/** An input is divided into about so many tasks, so that several processes have some each. */
const TASKS = 16

/** A task of less is not worth its result, and one of more needs no fewer merges. */
const TASK_BYTES_MIN = 8 * 1024 * 1024
const TASK_BYTES_MAX = 32 * 1024 * 1024

/** The size of a task, by the size of all partitions. */
const taskBytesOf = (count: number, sizeOf: (index: number) => number | undefined): number => {
  let bytes = 0
  for (let index = 0; index < count; index++) bytes += sizeOf(index) ?? 0
  return Math.min(TASK_BYTES_MAX, Math.max(TASK_BYTES_MIN, Math.ceil(bytes / TASKS)))
}

/**
 * Neighbours that are computed together: as many as fit. It follows from their sizes alone, so that
 * the values of a key are reduced in the same order wherever the tasks run (B3).
 *
 * @param sizeOf The size of a partition in its source, in bytes. Undefined: it is a task by itself.
 * @param taskBytes The most bytes of a task. A larger partition is a task by itself. Default: 8 to
 * 32 MiB, by the size of the input.
 */
export const groupsOf = (
  count: number,
  sizeOf: (index: number) => number | undefined,
  taskBytes: number = taskBytesOf(count, sizeOf),
): readonly (readonly number[])[] => {
  const groups: number[][] = []
  let room = -Infinity
  for (let index = 0; index < count; index++) {
    const size = sizeOf(index) ?? Infinity
    if (size <= room) groups.at(-1)?.push(index)
    else groups.push([index])
    room = (size <= room ? room : taskBytes) - size
  }
  return groups
}
