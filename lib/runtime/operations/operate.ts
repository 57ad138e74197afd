/**
 * What a person does to an application that a failing batch has stopped (B9), or whose totals are to begin anew. Each is one conditional
 * write of the head, so that they may meet running functions: one of the two is refused, and whoever was at work starts over from the new
 * head. Intake is not met at all: what it appends stays in its lanes.
 *
 * B2  A logged batch keeps its time and its cut: to give it up is to commit them without what was in them. Not while somebody holds the
 *     lease, for outputs of the batch may be on their way.
 * B5  Done, manifest and cuts move in one write, and the manifest is there before.
 * B6  The times of batches go on from the last one.
 * B11 After a skip the new manifest names the same state. After a reset it names none, and nobody can commit any more what was built on the
 *     old one: so that is deleted by name.
 */
import { MillraceError } from '../../base/errors.ts'
import { allOrFirstError } from '../../base/all-or-first-error.ts'
import type { Randomness } from '../../ports/randomness.ts'
import type { Head, HeadCondition, LoggedBatch } from '../../state/head.ts'
import { HeadStore } from '../../state/head.ts'
import {
  emptyManifest,
  type Manifest,
  readManifest,
  stateSegments,
  writeManifest,
} from '../../state/manifest.ts'
import { segmentKeys } from '../../state/segments.ts'
import { type BatchInput, loadPlan } from '../driver/batch-input.ts'
import {
  heldBy,
  noteGivenUp,
  type OperatedBatch,
  recordGivenUp,
  type SkippedBatch,
} from './skip.ts'
import { laneCuts } from '../driver/head-writes.ts'
import { cutsAfter, keptBefore, lastManifest, type StoredApp } from '../driver/last-manifest.ts'
import { isLeaseHeld } from '../driver/schedule.ts'
import { settle } from '../retry.ts'
import { sharedNow } from '../store-time.ts'

/** An application in a store, and who operates it. */
export interface Operated extends StoredApp {
  readonly randomness: Randomness
  /** The longest that a lease lasts. 0 where a lock keeps everybody else out: then a lease in the head is that of a dead process. */
  readonly leaseMs: number
}

/** What a reset has done. */
export interface ResetApp {
  /** Batch times go on after this. */
  readonly timeMs: number
  /** The state that is gone, by operator. */
  readonly states: readonly { readonly id: string; readonly bytes: number }[]
  /** The batch that was begun and not finished, and is given up; undefined: there was none. */
  readonly skipped: SkippedBatch | undefined
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
 * Lets an application that stands as FAILED try its batch again, from the first attempt on.
 *
 * @throws MillraceError `COMMAND_REFUSED` when it has not failed.
 */
export const resume = async ({ store, app, clock }: StoredApp): Promise<OperatedBatch> => {
  const heads = new HeadStore(store, app)
  const { head, logged } = await loggedHead(heads, clock)
  if (head.status !== 'failed') {
    throw refused(
      'Nothing has failed for good: the batch is tried again by itself',
      head.status,
      'failed',
      'start the pipeline, or give the batch up with millrace skip',
    )
  }
  const next: Head = {
    ...head,
    status: 'running',
    logged: { ...logged, attempts: 0, retryMs: 0 },
    reason: undefined,
  }
  await swap(
    heads,
    clock,
    head,
    next,
    (now) => now.status === 'running' && now.logged?.timeMs === logged.timeMs,
  )
  return { timeMs: logged.timeMs, attempts: logged.attempts, reason: head.reason }
}

/**
 * Gives the logged batch up: its records count as taken, and nothing else comes of them.
 *
 * @throws MillraceError `COMMAND_REFUSED` when no batch is logged, or while one is tried.
 */
export const skip = async (operated: Operated): Promise<SkippedBatch> => {
  const { store, app, clock } = operated
  const { head, logged } = await loggedHead(new HeadStore(store, app), clock)
  checkLease(operated, head)
  const [before, plan] = await unlessMoved(operated, head, async () => [
    await lastManifest(operated, head),
    await loadPlan(store, app, logged.plan),
  ])
  const next = { status: 'running' as const, doneMs: plan.timeMs, cuts: laneCuts(head.cuts, plan) }
  // Of whatever attempt: its dead letters are of a batch that is not.
  await replace(
    operated,
    head,
    {
      ...before,
      timeMs: plan.timeMs,
      cuts: cutsAfter(before, plan),
      letters: head.epoch + 1,
      quietSinceMs: undefined,
      previous: keptBefore(before, head.manifest),
    },
    next,
    plan,
  )
  return noted(operated, head, logged, plan)
}

/**
 * Empties the state of all operators, and gives up the logged batch if there is one. All else stays: what no batch has taken, which counts
 * from now on, and the names that its sources had; when the application first started, before which objects do not count; what the ledgers
 * of objects say; dead letters; history; outputs.
 *
 * @throws MillraceError `COMMAND_REFUSED` when nothing has run, or while a batch is tried.
 */
export const reset = async (operated: Operated): Promise<ResetApp> => {
  const { store, app, clock } = operated
  const head = await settle(clock, () => new HeadStore(store, app).read())
  if (head === undefined)
    throw refused(
      'Nothing has run yet',
      'nothing',
      'an application that has run',
      'nothing: it begins at the beginning',
    )
  checkLease(operated, head)
  const { logged } = head
  const [before, plan] = await unlessMoved(operated, head, async () => [
    await lastManifest(operated, head),
    logged && (await loadPlan(store, app, logged.plan)),
  ])
  const timeMs = logged?.timeMs ?? head.doneMs
  const nowMs = sharedNow(store, clock)
  // The verdict on the dead letters of the last batch stays, unless this gives a batch of its own up.
  const verdict = plan === undefined ? before.letters : head.epoch + 1
  const manifest = {
    ...emptyManifest(timeMs),
    cuts: plan === undefined ? before.cuts : cutsAfter(before, plan),
    // What waits was taken in under these names.
    ...(before.inputs === undefined ? {} : { inputs: before.inputs }),
    ...(verdict === undefined ? {} : { letters: verdict }),
  }
  const cuts = plan === undefined ? head.cuts : laneCuts(head.cuts, plan)
  await replace(
    operated,
    head,
    manifest,
    { status: 'running', doneMs: timeMs, cuts, wakeMs: nowMs },
    plan,
  )
  await removeStates(operated, before)
  const skipped = logged && plan && (await noted(operated, head, logged, plan))
  const states = Object.entries(before.states).map(([id, { partitions }]) => ({
    id,
    bytes: partitions.flat().reduce((total, { bytes }) => total + bytes, 0),
  }))
  return { timeMs, states, skipped }
}

type Changes = Pick<Head, 'status' | 'doneMs' | 'cuts'> & Partial<Pick<Head, 'wakeMs'>>

/** Puts another manifest in the place of the last one and takes the logged batch out of the head, in one write. */
const replace = async (
  { store, app, clock, randomness }: Operated,
  head: Head,
  manifest: Manifest,
  changes: Changes,
  plan: BatchInput | undefined,
): Promise<void> => {
  const attemptId = randomness.attemptId()
  const ref = await settle(clock, () => writeManifest(store, app, attemptId, manifest))
  if (plan !== undefined) await recordGivenUp({ store, app, clock }, plan)
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
  await swap(new HeadStore(store, app), clock, head, next, (now) => now.manifest?.by === attemptId)
}

const noted = async (
  operated: Operated,
  head: Head,
  logged: LoggedBatch,
  plan: BatchInput,
): Promise<SkippedBatch> => {
  const skipped = {
    timeMs: plan.timeMs,
    attempts: logged.attempts,
    reason: head.reason,
    held: heldBy(plan),
  }
  await noteGivenUp(operated, plan, skipped)
  return skipped
}

/** Best effort: what is left is garbage that nothing names. */
const removeStates = async ({ store, app }: Operated, before: Manifest): Promise<void> => {
  try {
    const older = await allOrFirstError(before.previous.map((ref) => readManifest(store, app, ref)))
    const keys = [before, ...older].flatMap(stateSegments).flatMap((ref) => segmentKeys(app, ref))
    if (keys.length > 0) await store.deleteAll(keys)
  } catch {
    // The state is gone without it.
  }
}

/** Reads what a head names. B11: what is not there any more may be garbage by now, since that was read. */
const unlessMoved = async <T extends readonly unknown[]>(
  { store, app, clock }: StoredApp,
  { epoch, doneMs }: Head,
  read: () => Promise<T>,
): Promise<T> => {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof MillraceError && error.code === 'SEGMENT_MISSING')) throw error
    const now = await settle(clock, () => new HeadStore(store, app).read())
    throw now?.epoch === epoch && now.doneMs === doneMs ? error : movedOn(now)
  }
}

const movedOn = (now: Head | undefined): MillraceError =>
  refused(
    'The application has moved on meanwhile',
    now?.status ?? 'gone',
    'an application that stands still',
    'look at millrace status, and try again',
  )

const loggedHead = async (
  heads: HeadStore,
  clock: Operated['clock'],
): Promise<{ readonly head: Head; readonly logged: LoggedBatch }> => {
  const head = await settle(clock, () => heads.read())
  if (head?.logged !== undefined) return { head, logged: head.logged }
  throw refused(
    'No batch is under way or has failed',
    head?.status ?? 'nothing has run yet',
    'a logged batch',
    'nothing: millrace status shows how things are',
  )
}

const checkLease = ({ store, clock, leaseMs }: Operated, head: Head): void => {
  if (!isLeaseHeld(head, sharedNow(store, clock), leaseMs)) return
  throw refused(
    'A batch is being tried at this moment, and what it writes could not be called back',
    `the lease ends at ${new Date(head.leaseEndMs).toISOString()}`,
    'between two attempts',
    'try again after that time, or a little before: an attempt that fails gives its lease back at once',
  )
}

/** A refusal that shows the very change is its success, whose answer was lost. */
const swap = async (
  heads: HeadStore,
  clock: Operated['clock'],
  seen: Head,
  next: Head,
  isDone: (now: Head) => boolean,
): Promise<void> => {
  const answer = await settle(clock, () => heads.swap(seen, UNCHANGED, next))
  if (!answer.swapped && !(answer.head !== undefined && isDone(answer.head)))
    throw movedOn(answer.head)
}

const refused = (problem: string, value: string, allowed: string, fix: string): MillraceError =>
  new MillraceError('COMMAND_REFUSED', { problem, value, allowed, fix })
