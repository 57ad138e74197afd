import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** The heap may grow by so many percent of what is in use, before V8 looks for garbage again. */
const GROWING_PERCENT = 40

/** The size of each half of the room for new objects, of this process and of each thread. */
const HALF_MB = 8
const MB = 1024 * 1024

/**
 * Keeps the heap of this process, and of threads that start from now on, small:
 *
 * - Old objects: V8 looks for garbage at about one and a half times what is in use. By itself, it
 *   lets a heap grow to about four times of it, because other programs hold most of their memory
 *   for long. Batches hold theirs for a moment.
 * - New objects: their room stays at two halves of 8 MB. By itself, it grows to 130 MB while a
 *   large batch is computed, and that is no faster: most new objects are garbage at once.
 *
 * Node has `--max-semi-space-size` for the second one, but it counts only when a process starts. So
 * the room grows to its size here, and then no further.
 *
 * @example keepHeapSmall()
 */
export const keepHeapSmall = (): void => {
  setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`)
  if (!growNewSpace()) return
  setFlagsFromString('--semi-space-growth-factor=1')
  // Threads begin with this room, since theirs does not grow either.
  setFlagsFromString(`--min-semi-space-size=${HALF_MB}`)
}

const ARRAY_LENGTH = 4_000
/** V8 takes about two hundred. */
const ARRAYS_MAX = 2_000
const HELD_MAX = 500

/**
 * Makes objects that stay for a while, until there is as much room for new ones as there should be.
 * That takes 15 ms, if the room is still as small as at the start of a process. Returns whether the
 * room has grown.
 */
const growNewSpace = (): boolean => {
  let held: unknown[] = []
  for (let arrays = 0; newSpaceBytes() < 2 * HALF_MB * MB; arrays++) {
    if (arrays === ARRAYS_MAX) return false
    if (held.length === HELD_MAX) held = []
    held.push(Array.from({ length: ARRAY_LENGTH }).fill(0))
  }
  return true
}

const newSpaceBytes = (): number =>
  getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0
