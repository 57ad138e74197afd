/**
 * What the commands of operators have in common. Each is one conditional write of the head, so it
 * is safe beside running functions: the head refuses one of the two, and the refused one reads the
 * head again. Intake is not affected: what it appends stays in its lanes.
 *
 * - B2: a logged batch keeps its time and its input. Skipping it commits both without the records.
 *   This is refused while an attempt holds the lease, because its outputs may be on their way.
 * - B5: done, manifest and offsets change in one write. The manifest is stored before.
 * - B6: batch times continue after the last one.
 */
import { isMillraceError, MillraceError } from '../../base/errors.ts'
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

/** An application in a store, with what a command needs to operate it. */
export interface Operated extends StoredApp {
  readonly randomness: Randomness
  /**
   * The longest duration of a lease. 0 if a lock keeps other processes out: then any lease in the
   * head belongs to a dead process.
   */
  readonly leaseMs: number
}

/** The batch on which a command acted. */
export interface OperatedBatch {
  readonly timeMs: number
  /** Number of attempts before the command. */
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

/**
 * Reads the head and its logged batch.
 *
 * @throws MillraceError `COMMAND_REFUSED` when no batch is logged.
 */
export const readLoggedHead = async (
  heads: HeadStore,
  clock: Clock,
): Promise<{ readonly head: Head; readonly logged: LoggedBatch }> => {
  const head = await withRetries(clock, () => heads.read())
  if (head?.logged !== undefined) return { head, logged: head.logged }
  throw refusal(
    'No batch is running or has failed',
    head?.status ?? 'nothing has run yet',
    'a logged batch',
    'nothing to do: see millrace status',
  )
}

/**
 * Reads the head for a command that no attempt may run beside.
 *
 * @throws MillraceError `COMMAND_REFUSED` when nothing has run, or while an attempt holds the
 * lease.
 */
export const readFreeHead = async (operated: Operated): Promise<Head> => {
  const { store, app, clock } = operated
  const head = await withRetries(clock, () => new HeadStore(store, app).read())
  if (head === undefined)
    throw refusal(
      'Nothing has run yet',
      'nothing',
      'an application that has run',
      'nothing to do: it starts without state',
    )
  checkLease(operated, head)
  return head
}

/** Refuses while an attempt holds the lease. */
export const checkLease = ({ store, clock, leaseMs }: Operated, head: Head): void => {
  if (!isLeaseHeld(head, sharedNow(store, clock), leaseMs)) return
  throw refusal(
    'A batch is being tried at this moment, and its outputs cannot be undone',
    `the lease ends at ${new Date(head.leaseEndMs).toISOString()}`,
    'between two attempts',
    'try again after that time, or earlier: a failed attempt returns its lease immediately',
  )
}

/** What a command changes in the head. */
export type Changes = Pick<Head, 'status' | 'doneMs' | 'offsets'> &
  Partial<Pick<Head, 'wakeMs' | 'logged' | 'reason'>>

/**
 * The changes of a command that replaces state and keeps all else. An application at rest wakes:
 * its next batch finds other state.
 */
export const keepingAll = ({ store, clock }: Operated, head: Head): Changes => {
  const { doneMs, offsets, logged, reason, status, wakeMs } = head
  const kept = { doneMs, offsets, logged, reason }
  return status === 'rest'
    ? { ...kept, status: 'running', wakeMs: sharedNow(store, clock) }
    : { ...kept, status, wakeMs }
}

/** Replaces the last manifest. Unless `changes` keeps it, the logged batch leaves the head. */
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
    logged: undefined,
    reason: undefined,
    load: undefined,
    ...changes,
    epoch: head.epoch + 1,
    owner: undefined,
    leaseEndMs: 0,
    manifest: ref,
    // The new manifest says it.
    afterCommit: undefined,
  }
  const isDone = (now: Head): boolean => now.manifest?.by === attemptId
  await swapOrRefuse(new HeadStore(store, app), clock, head, next, isDone)
}

/**
 * Notes in the ledgers what the batch has taken. A second call for the same batch changes nothing.
 */
const skipInputs = async (
  { store, app, clock }: StoredApp,
  { timeMs, sources }: BatchInput,
): Promise<void> => {
  for (const [source, input] of Object.entries(sources))
    await withRetries(clock, () => skipInput({ store, app, source }, input, timeMs))
}

/**
 * Writes the head. A refusal that shows this same change is a success whose answer was lost.
 *
 * @throws MillraceError `COMMAND_REFUSED` when the head has changed.
 */
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

/**
 * Reads what a head names. B11: a missing segment may have become garbage after the head was read.
 * Then a later lease, or another command, has moved the epoch.
 */
export const retryWhileChanged = async <T extends readonly unknown[]>(
  { store, app, clock }: StoredApp,
  { epoch }: Head,
  read: () => Promise<T>,
): Promise<T> => {
  try {
    return await read()
  } catch (error) {
    if (!(isMillraceError(error) && error.code === 'SEGMENT_MISSING')) throw error
    const now = await withRetries(clock, () => new HeadStore(store, app).read())
    throw now?.epoch === epoch ? error : hasChanged(now)
  }
}

const hasChanged = (now: Head | undefined): MillraceError =>
  refusal(
    'The application changed while the command ran',
    now?.status ?? 'gone',
    'an application that does not change',
    'see millrace status, and try again',
  )

/** The error of a command that is not possible now. */
export const refusal = (
  problem: string,
  value: string,
  allowed: string,
  fix: string,
): MillraceError => new MillraceError('COMMAND_REFUSED', { problem, value, allowed, fix })
