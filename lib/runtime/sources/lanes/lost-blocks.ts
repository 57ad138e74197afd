/**
 * Reads the blocks of a lane, even if a block is missing or damaged, or was combined by other code
 * (B7). Its records are then read again from the source. Count and checksum must show that they are
 * the same records. Records that no longer exist are reported as lost.
 */
import { type ErrorCode, isMillraceError, type MillraceError } from '../../../base/errors.ts'
import type { ItemStore } from '../../../ports/item-store.ts'
import {
  type Block,
  blockOf,
  type PositionedRecord,
  readBlock,
  recordsChecksum,
} from '../../../state/blocks.ts'
import {
  type CombinedBlock,
  type CombinedCode,
  fitsStage,
  readCombined,
} from '../../../state/combined-blocks.ts'
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

/** A block with its records, or with what they come to, or the reason why they are lost. */
export type FoundBlock =
  | { readonly found: true; readonly ref: BlockRef; readonly block: Block }
  | {
      readonly found: true
      readonly ref: BlockRef
      readonly combined: CombinedBlock
      /** It was made for another generation. Whoever takes it must log that (B2). */
      readonly isEarlier?: boolean
    }
  | { readonly found: false; readonly ref: BlockRef; readonly reason: string }

/** The store with the blocks, and how they are made again. */
export interface BlockPlace {
  readonly store: ItemStore
  readonly app: string
  /** Left out: the source cannot be read again. */
  readonly recovery?: BlockRecovery | undefined
  /** For what combined blocks count. Left out: for nothing. */
  readonly code?: CombinedCode | undefined
}

const isDamage = (error: unknown): error is MillraceError =>
  isMillraceError(error) && (error.code === 'SEGMENT_MISSING' || error.code === 'SEGMENT_CORRUPT')

/** What `read` gives, or the damage that it has found. */
const unlessDamaged = async <T>(read: () => Promise<T>): Promise<T | MillraceError> => {
  try {
    return await read()
  } catch (error) {
    if (isDamage(error)) return error
    throw error
  }
}

const agrees = (records: readonly PositionedRecord[], { count, sum }: BlockRef): boolean =>
  records.length === count && recordsChecksum(records) === sum

/** Reads a block of a lane from the store, or makes it again. */
export const findBlock = async (
  place: BlockPlace,
  lane: string,
  ref: BlockRef,
): Promise<FoundBlock> => {
  if (ref.combinedFor !== undefined) return findCombined(place, lane, ref)
  const block = await unlessDamaged(() => readBlock(place.store, place.app, ref))
  if (!isMillraceError(block)) return { found: true, ref, block }
  const again = await readAgain(place, lane, ref, block.code)
  if (again.found) reportReadAgain(place, lane, ref, block.code)
  return again
}

/**
 * A combined block that counts, or its records, read again. If they do not exist any more, what
 * earlier code has made of them by an equal stage is better than nothing.
 */
const findCombined = async (
  place: BlockPlace,
  lane: string,
  ref: BlockRef,
): Promise<FoundBlock> => {
  const { store, app, code } = place
  const isOfThisCode = code !== undefined && ref.combinedFor === code.generation
  const read = async (): Promise<CombinedBlock | MillraceError> =>
    unlessDamaged(() => readCombined(store, app, ref))
  const combined = isOfThisCode ? await read() : undefined
  if (isMillraceError(combined)) {
    const again = await readAgain(place, lane, ref, combined.code)
    if (again.found) reportReadAgain(place, lane, ref, combined.code)
    return again
  }
  if (combined !== undefined && code !== undefined && fitsStage(combined, code))
    return { found: true, ref, combined }
  const again = await readAgain(place, lane, ref, 'its block was made by other code')
  if (again.found || code === undefined) return again
  const earlier = combined ?? (await read())
  if (isMillraceError(earlier) || !fitsStage(earlier, code)) return again
  return { found: true, ref, combined: earlier, isEarlier: true }
}

/** Reads the records of a block again from their source. `why`: the block does not do. */
const readAgain = async (
  { recovery }: BlockPlace,
  lane: string,
  ref: BlockRef,
  why: string,
): Promise<FoundBlock> => {
  if (recovery === undefined)
    return { found: false, ref, reason: `${why}, and its source cannot be read again` }
  const records = await recovery.replay(lane, { first: ref.first, last: ref.at })
  if (agrees(records, ref)) return { found: true, ref, block: blockOf(records) }
  const has = `its source has ${records.length} of ${ref.count} records, or other records`
  return { found: false, ref, reason: `${why}, and ${has}` }
}

const reportReadAgain = (
  { recovery }: BlockPlace,
  lane: string,
  { count }: BlockRef,
  code: ErrorCode,
): void =>
  recovery?.report({
    event: 'warning',
    code,
    message: `${count} records of lane ${lane} were read again from their source`,
  })
