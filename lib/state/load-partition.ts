/** Reads partitions of keyed state from the store. */
import { allOrFirstError } from '../base/concurrency.ts'
import type { ReadSegment } from './segments.ts'
import { type LogSettings, StateLog } from './state-log.ts'
import { StatePartition } from './state-partition.ts'
import type { StoredPartition } from './stored-list.ts'

/** Segments that are read at the same time: enough to hide how long each takes. */
const READS_AT_ONCE = 32

/** Reads a partition. `id`: that of the state. Undefined: nothing is stored of it. */
export const loadPartition = async (
  id: string,
  stored: StoredPartition | undefined,
  read: ReadSegment,
  settings: LogSettings | undefined,
): Promise<StatePartition> => {
  const log = await StateLog.load(id, stored, read, settings)
  const partition = new StatePartition({ log })
  const { refs } = log.list
  for (let first = 0; first < refs.length; first += READS_AT_ONCE) {
    const some = await allOrFirstError(refs.slice(first, first + READS_AT_ONCE).map(read))
    for (const [index, segment] of some.entries())
      partition.apply(segment, first + index >= log.merged)
  }
  return partition
}
