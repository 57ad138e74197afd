import type { PositionedRecord } from '../../state/blocks.ts'
import type { DeadLetter } from '../../state/dead-letter.ts'
import type { LaneParents } from './ancestors.ts'

/** Records of one lane in the order of their positions, and the records that could not be read. */
export interface LaneDelivery {
  readonly lane: string
  readonly records: readonly PositionedRecord[]
  readonly rejected?: readonly DeadLetter[]
  /**
   * The last position of the delivery, if its record was rejected. Default: that of the last
   * record.
   */
  readonly last?: string
  /** See `Lane`. Left out: it stays as it is. */
  readonly feeder?: string
  /** Whether the source can bring these records again. Default: false. */
  readonly isReplayable?: boolean
  /** Called before records are dropped as redelivered. If it throws, nothing is appended. */
  readonly beforeDropping?: () => Promise<void>
  /** Called when the lane is new. Default: the lane has no parents. */
  readonly parentsOf?: LaneParents
}
