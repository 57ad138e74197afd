/**
 * What the commands of a person have in common: each is one conditional write of the head, so it
 * may meet running functions. One of the two is refused, and whoever was at work starts over from
 * the new head. Intake is not affected at all: what it appends stays in its lanes.
 *
 * B2 A logged batch keeps its time and its input: to skip it is to commit them without what was in
 *     them. Not while somebody holds the lease, for outputs of the batch may be on their way.
 * B5 Done, manifest and offsets change in one write, and the manifest is there before. B6 The times
 * of batches go on from the last one.
 */
import { MillraceError } from '../../base/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Randomness } from '../../ports/randomness.ts'
import {
  type FailureReason,
  type Head,
  type HeadCondition,
  HeadStore,
  type LoggedBatch,
} from '../../state/head.ts'
import { type Manifest, writeManifest } from '../../state/manifest.ts'
import type { BatchInput } from '../driver/batch-input.ts'
import type { StoredApp } from '../driver/last-manifest.ts'
import { isLeaseHeld } from '../driver/schedule.ts'
import { withRetries } from '../retry.ts'
import { skipInput } from '../sources/redriven.ts'
import { sharedNow } from '../store-time.ts'

/** An application in a store, and who operates it. */
export interface Operated extends StoredApp {
  readonly randomness: Randomness
  /**
   * The longest that a lease lasts. 0 if a lock keeps everybody else out: then a lease in the head
   * is that of a dead process.
   */
  readonly leaseMs: number
}

/** The batch that a command was about. */
export interface OperatedBatch {
  readonly timeMs: number
  /** How often it had been tried. */
  readonly attempts: number
  readonly reason: FailureReason | undefined
}

const UNCHANGED: HeadCondition = [
  'epoch',
  'doneMs',
  'generation',
  'status',
  'owner',
  'leaseEndMs',
  'logged',
]

/** The head, with the batch that is logged in it. */
export const readLoggedHead = async (
  heads: HeadStore,
  clock: Clock,
): Promise<{ readonly head: Head; readonly logged: LoggedBatch }> => {
  const head = await withRetries(clock, () => heads.read())
  if (head?.logged !== undefined) return { head, logged: head.logged }
  throw refusal(
    'No batch is under way or has failed',
    head?.status ?? 'nothing has run yet',
    'a logged batch',
    'nothing: millrace status shows how things are',
  )
}

/** Refuses while somebody holds the lease. */
export const checkLease = ({ store, clock, leaseMs }: Operated, head: Head): void => {
  if (!isLeaseHeld(head, sharedNow(store, clock), leaseMs)) return
  throw refusal(
    'A batch is being tried at this moment, and what it writes could not be called back',
    `the lease ends at ${new Date(head.leaseEndMs).toISOString()}`,
    'between two attempts',
    'try again after that time, or a little before: an attempt that fails gives its lease back at once',
  )
}

/** What a command changes in the head. */
export type Changes = Pick<Head, 'status' | 'doneMs' | 'offsets'> & Partial<Pick<Head, 'wakeMs'>>

/**
 * Puts another manifest in the place of the last one, and takes the logged batch out of the head.
 */
export const replaceManifest = async (
  { store, app, clock, randomness }: Operated,
  head: Head,
  manifest: Manifest,
  changes: Changes,
  skipped: BatchInput | undefined,
): Promise<void> => {
  const attemptId = randomness.attemptId()
  const ref = await withRetries(clock, () => writeManifest(store, app, attemptId, manifest))
  if (skipped !== undefined) await skipInputs({ store, app, clock }, skipped)
  const next: Head = {
    ...head,
    ...changes,
    epoch: head.epoch + 1,
    owner: undefined,
    leaseEndMs: 0,
    manifest: ref,
    logged: undefined,
    reason: undefined,
  }
  const isDone = (now: Head): boolean => now.manifest?.by === attemptId
  await swapOrRefuse(new HeadStore(store, app), clock, head, next, isDone)
}

/** Notes in the ledgers what the batch has taken. Again for the same batch: nothing changes. */
const skipInputs = async (
  { store, app, clock }: StoredApp,
  { timeMs, sources }: BatchInput,
): Promise<void> => {
  for (const [source, input] of Object.entries(sources))
    await withRetries(clock, () => skipInput({ store, app, source }, input, timeMs))
}

/** A refusal that shows the very change is its success, whose answer was lost. */
export const swapOrRefuse = async (
  heads: HeadStore,
  clock: Clock,
  seen: Head,
  next: Head,
  isDone: (now: Head) => boolean,
): Promise<void> => {
  const answer = await withRetries(clock, () => heads.swap(seen, UNCHANGED, next))
  const isWritten = answer.swapped || (answer.head !== undefined && isDone(answer.head))
  if (!isWritten) throw hasChanged(answer.head)
}

/** Reads what a head names. B11: what is missing may be garbage by now, since that was read. */
export const retryWhileChanged = async <T extends readonly unknown[]>(
  { store, app, clock }: StoredApp,
  { epoch, doneMs }: Head,
  read: () => Promise<T>,
): Promise<T> => {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof MillraceError && error.code === 'SEGMENT_MISSING')) throw error
    const now = await withRetries(clock, () => new HeadStore(store, app).read())
    throw now?.epoch === epoch && now.doneMs === doneMs ? error : hasChanged(now)
  }
}

const hasChanged = (now: Head | undefined): MillraceError =>
  refusal(
    'The application has changed meanwhile',
    now?.status ?? 'gone',
    'an application that stands still',
    'look at millrace status, and try again',
  )

/** The error of a command that cannot be carried out now. */
export const refusal = (
  problem: string,
  value: string,
  allowed: string,
  fix: string,
): MillraceError => new MillraceError('COMMAND_REFUSED', { problem, value, allowed, fix })
