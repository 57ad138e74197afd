import type { PositionedRecord } from '../../state/blocks.ts'
import type { DeadLetter } from '../../state/dead-letter.ts'
import type { Lane } from '../../state/lanes.ts'
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
  /** See `Lane`. A function makes it from the one before. Left out: it stays as it is. */
  readonly feeder?: string | ((before: string | undefined) => string)
  /** Whether the source can bring these records again. Default: false. */
  readonly isReplayable?: boolean
  /**
   * Called before records are dropped as redelivered, with the lane in which they seem to be. If it
   * throws, nothing is appended.
   */
  readonly beforeDropping?: (seen: Lane) => Promise<void>
  /** Called when the lane is new. Default: the lane has no parents. */
  readonly parentsOf?: LaneParents
}
