/**
 * Reads the blocks of a lane, even if a block is missing or damaged (B7). Its records are then read
 * again from the source. Count and checksum must show that they are the same records. Records that
 * no longer exist are reported as lost.
 */
import { isMillraceError, type MillraceError } from '../../../base/errors.ts'
import type { ItemStore } from '../../../ports/item-store.ts'
import {
  type Block,
  blockOf,
  type PositionedRecord,
  readBlock,
  recordsChecksum,
} from '../../../state/blocks.ts'
import type { BlockRef } from '../../../state/lane-entries.ts'
import type { Listener } from '../../events.ts'

/**
 * Reads records of a lane again from their source: those at positions from `first` to `last`, both
 * included, as far as they still exist. May be repeated.
 */
export type Replay = (
  lane: string,
  range: { readonly first: string; readonly last: string },
) => Promise<readonly PositionedRecord[]>

/** How to make a lost block again. */
export interface BlockRecovery {
  readonly replay: Replay
  readonly report: Listener
}

/** A block with its records, or the reason why they are lost. */
export type FoundBlock =
  | { readonly found: true; readonly ref: BlockRef; readonly block: Block }
  | { readonly found: false; readonly ref: BlockRef; readonly reason: string }

const isDamage = (error: unknown): error is MillraceError =>
  isMillraceError(error) && (error.code === 'SEGMENT_MISSING' || error.code === 'SEGMENT_CORRUPT')

const agrees = (records: readonly PositionedRecord[], { count, sum }: BlockRef): boolean =>
  records.length === count && recordsChecksum(records) === sum

/** Reads a block of a lane from the store, or makes it again. */
export const findBlock = async (
  { store, app }: { readonly store: ItemStore; readonly app: string },
  lane: string,
  ref: BlockRef,
  recovery: BlockRecovery | undefined,
): Promise<FoundBlock> => {
  let damage: MillraceError
  try {
    return { found: true, ref, block: await readBlock(store, app, ref) }
  } catch (error) {
    if (!isDamage(error)) throw error
    damage = error
  }
  if (recovery === undefined)
    return { found: false, ref, reason: `${damage.code}, and its source cannot be read again` }
  const records = await recovery.replay(lane, { first: ref.first, last: ref.at })
  if (!agrees(records, ref))
    return {
      found: false,
      ref,
      reason:
        `${damage.code}, and its source has ${records.length} of ${ref.count} records, ` +
        'or other records',
    }
  recovery.report({
    event: 'warning',
    code: damage.code,
    message: `${ref.count} records of lane ${lane} were read again from their source`,
  })
  return { found: true, ref, block: blockOf(records) }
}
