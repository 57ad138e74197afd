import { checkPoison, type PoisonLimits } from '../../rdd/bad-records.ts'
import { isLazy, type SourcePartition, withChange } from '../../rdd/partition.ts'
import { isInArray, type Records } from '../../rdd/records.ts'

/**
 * The partition with the limits of the plan for bad records. A part that is mostly unreadable is
 * not what the source expects: it is not put aside (B9). `count` gets the number of records of a
 * lazy partition, each time it is read, if it is not known before.
 */
export const checkedPartition = (
  partition: SourcePartition<unknown>,
  limits: PoisonLimits,
  count: (records: number) => void,
): SourcePartition<unknown> => {
  const isCounted = isLazy(partition) && partition.recordCount === undefined
  return withChange(partition, (read) => {
    const records = isCounted ? counted(read.records, count) : read.records
    if (read.origin === undefined) return { ...read, records }
    const origin = { ...read.origin, limits }
    // What is made later has no part that cannot be read.
    if (isInArray(records)) checkPoison(origin, 0, records.length)
    return { ...read, records, origin }
  })
}

/** The same records. `count` gets their number when all of them are known. */
const counted = (records: Records, count: (records: number) => void): Records => {
  if (!isInArray(records))
    return {
      *pieces() {
        let all = 0
        for (const piece of records.pieces()) {
          all += piece.length
          yield piece
        }
        count(all)
      },
    }
  count(records.length)
  return records
}
