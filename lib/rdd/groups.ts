/** Which partitions are computed together, as one task. */

/** Partitions of together at most this size are one task. */
const TASK_BYTES = 32 * 1024 * 1024

/**
 * Neighbours that are computed together: as many as fit. It follows from their sizes alone, so that
 * the values of a key are reduced in the same order wherever the tasks run (B3).
 *
 * @param sizeOf The size of a partition in its source, in bytes. Undefined: it is a task by itself.
 * @param taskBytes The most bytes of a task. A larger partition is a task by itself.
 */
export const groupsOf = (
  count: number,
  sizeOf: (index: number) => number | undefined,
  taskBytes: number = TASK_BYTES,
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
