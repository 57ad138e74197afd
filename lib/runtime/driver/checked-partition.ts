import { checkPoison, type PoisonLimits } from '../../rdd/bad-records.ts'
import {
  ASIDE,
  isLazy,
  type LazyPartition,
  type Partition,
  type SourcePartition,
} from '../../rdd/partition.ts'
import { isInArray, type Records } from '../../rdd/records.ts'
import type { LazyReads } from './lazy-reads.ts'

/** What happens when the partitions of a source are used. */
export interface PartitionChecks {
  /** The id of the source. */
  readonly source: string
  /** The limits of the plan for bad records. */
  readonly limits: PoisonLimits
  /** Takes the reads of lazy partitions. */
  readonly reads: LazyReads
  /** Gets the number of records of a lazy partition, each time it is read. */
  readonly count: (index: number, records: number) => void
}

/**
 * A partition with its checks. A part that is mostly unreadable is not what the source expects: it
 * is not put aside (B9).
 */
export const checkedPartition = (
  partition: SourcePartition<unknown>,
  index: number,
  checks: PartitionChecks,
): SourcePartition<unknown> =>
  isLazy(partition)
    ? new CheckedPartition(partition, index, checks)
    : withPoisonLimits(withLane(partition, checks), checks.limits)

/** Lanes of several sources may have the same name. A source without lanes is one. */
const withLane = (
  partition: Partition<unknown>,
  { source }: PartitionChecks,
): Partition<unknown> => {
  const { lane = '' } = partition
  return { ...partition, lane: lane === ASIDE ? lane : `${source}#${lane}` }
}

/** A batch may have tens of thousands of them: so they have no functions of their own. */
class CheckedPartition implements LazyPartition<unknown> {
  readonly sizeBytes: number
  readonly isAlone: boolean
  readonly recordCount?: number
  readonly #partition: LazyPartition<unknown>
  readonly #index: number
  readonly #checks: PartitionChecks

  constructor(partition: LazyPartition<unknown>, index: number, checks: PartitionChecks) {
    this.sizeBytes = partition.sizeBytes
    this.isAlone = partition.isAlone === true
    if (partition.recordCount !== undefined) this.recordCount = partition.recordCount
    this.#partition = partition
    this.#index = index
    this.#checks = checks
  }

  async read(): Promise<() => Partition<unknown>> {
    const handOut = await this.#checks.reads.begin(this.#partition)
    return () => {
      const read = handOut()
      return withPoisonLimits(
        withLane({ ...read, records: this.#counted(read.records) }, this.#checks),
        this.#checks.limits,
      )
    }
  }

  /** Their number is counted here if it is not known before. */
  #counted(records: Records): Records {
    if (this.recordCount !== undefined) return records
    return counted(records, (some) => this.#checks.count(this.#index, some))
  }
}

/** The same for a partition that was read. */
export const withPoisonLimits = (
  partition: Partition<unknown>,
  limits: PoisonLimits,
): Partition<unknown> => {
  const { records } = partition
  if (partition.origin === undefined) return partition
  const origin = { ...partition.origin, limits }
  // What is made later has no part that cannot be read.
  if (isInArray(records)) checkPoison(origin, 0, records.length)
  return { ...partition, origin }
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
