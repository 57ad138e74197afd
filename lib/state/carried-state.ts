/**
 * State that a plan takes over from a plan with another number of partitions or another layout. The
 * first batch writes it whole, in the way of the new plan. Until that batch is committed, the store
 * has what the earlier plan has written, so every attempt starts from the same bytes (B3).
 */
import { partitionOf } from '../base/keys.ts'
import { pack, unpack } from '../base/packed.ts'
import type { Convert } from './operator/state-declaration.ts'
import { type LogSettings, StateLog } from './state-log.ts'
import { StatePartition } from './state-partition.ts'

/** The state of one operator, as it was stored. */
export interface CarriedState {
  readonly stored: readonly StatePartition[]
  /** The number of partitions in this plan. */
  readonly partitions: number
  /** Makes a value of this plan. Undefined: values stay as they are. */
  readonly convert: Convert | undefined
  readonly settings: LogSettings | undefined
}

/** The partitions of this plan, in the batch of this time. */
export const carryState = (
  { stored, partitions, convert, settings }: CarriedState,
  timeMs: number,
): readonly StatePartition[] => {
  // The first partition answers for all that was stored.
  const retired = stored.flatMap(({ log }) => log.list.all)
  const moved = Array.from(
    { length: partitions },
    (_, part) =>
      new StatePartition({
        isMoved: true,
        log: new StateLog(settings),
        replaces: part === 0 ? retired : [],
      }),
  )
  for (const [key, value] of stored.flatMap((partition) => partition.sorted())) {
    const now = convert === undefined ? value : pack(convert(unpack(value), timeMs))
    moved[partitionOf(key, partitions)]?.move(key, now)
  }
  return moved
}
