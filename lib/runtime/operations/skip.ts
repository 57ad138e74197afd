/**
 * Skips a failing batch: its records count as consumed, and nothing else happens with them.
 *
 * 1. Store the next manifest: the same state, and the offsets after the batch (B11).
 * 2. Note in the ledgers what the batch has taken.
 * 3. Write the head: done = t, that manifest, nothing logged (B5).
 */
import { type Head, HeadStore, type LoggedBatch } from '../../state/head.ts'
import { laneOffsetsForHead } from '../../state/lane-offsets.ts'
import { noteBatch } from '../../state/history/write-history.ts'
import {
  type BatchInput,
  loadBatchInput,
  offsetsAfterBatch,
  totalOf,
} from '../driver/batch-input.ts'
import { manifestsToKeep, lastManifest, type StoredApp } from '../driver/last-manifest.ts'
import { describeInput } from '../sources/redriven.ts'
import {
  checkLease,
  readLoggedHead,
  type Operated,
  type OperatedBatch,
  replaceManifest,
  retryWhileChanged,
} from './operated.ts'

/** A batch that was skipped. */
export interface SkippedBatch extends OperatedBatch {
  /** What the batch contained, in words. */
  readonly held: readonly string[]
}

/**
 * Skips the logged batch.
 *
 * @throws MillraceError `COMMAND_REFUSED` when no batch is logged, or while an attempt holds the
 * lease.
 */
export const skip = async (operated: Operated): Promise<SkippedBatch> => {
  const { store, app, clock } = operated
  const { head, logged } = await readLoggedHead(new HeadStore(store, app), clock)
  checkLease(operated, head)
  const [before, input] = await retryWhileChanged(operated, head, async () => [
    await lastManifest(operated, head),
    await loadBatchInput(store, app, logged.input),
  ])
  const manifest = {
    ...before,
    timeMs: input.timeMs,
    offsets: offsetsAfterBatch(before.offsets, input),
    // The epoch of no attempt: the dead letters of a skipped batch mean nothing.
    deadLetterEpoch: head.epoch + 1,
    quietSinceMs: undefined,
    previous: manifestsToKeep(before, head.manifest),
  }
  const changes = {
    status: 'running' as const,
    doneMs: input.timeMs,
    offsets: laneOffsetsForHead(store, manifest),
  }
  await replaceManifest(operated, head, manifest, changes, input)
  return noteSkipped(operated, head, logged, input)
}

/** Notes a skipped batch in the history. Best effort. */
export const noteSkipped = async (
  { store, app }: StoredApp,
  { reason, generation, plan }: Head,
  { attempts }: LoggedBatch,
  input: BatchInput,
): Promise<SkippedBatch> => {
  const { timeMs, sources } = input
  const held = Object.entries(sources).flatMap(([source, one]) => describeInput(source, one))
  await noteBatch(store, app, () => ({
    timeMs,
    status: 'skipped',
    attempt: attempts,
    records: totalOf(input, 'records'),
    bytes: totalOf(input, 'bytes'),
    objects: totalOf(input, 'objects'),
    deadLetters: 0,
    expired: 0,
    lost: 0,
    processingMs: 0,
    held: held.join('; '),
    generation,
    plan,
    ...(reason === undefined ? {} : { reason }),
  }))
  return { timeMs, attempts, reason, held }
}
