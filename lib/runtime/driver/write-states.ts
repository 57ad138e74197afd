/**
 * Writes what the manifest of a batch names, and the manifest, beside the outputs. It does not
 * depend on these: what they leave to be done after the commit goes into the head with the commit.
 */
import { allOrFirstError } from '../../base/concurrency.ts'
import { elementsOf, inputsOf, type PlanOptions } from '../../dstream/plan.ts'
import { type AfterCommit, fitsHead } from '../../state/after-commit.ts'
import type { LiveState } from '../../state/live-state.ts'
import { type Manifest, nameManifest } from '../../state/manifest.ts'
import { putSegment, type SegmentRef } from '../../state/segments.ts'
import type { StateDrafts } from '../../state/state-drafts.ts'
import { withRetries } from '../retry.ts'
import type { Runner } from '../runner.ts'
import { offsetsAfterBatch } from './batch-input.ts'
import type { LoggedAttempt } from './head-writes.ts'
import { manifestsToKeep } from './last-manifest.ts'

/** What is true before the batch: the last manifest, and its state in memory. */
export interface Before {
  readonly manifest: Manifest
  readonly manifestRef: SegmentRef | undefined
  readonly state: LiveState
}

/** What is written beside the outputs. */
export interface WrittenBatch {
  readonly manifest: Manifest
  readonly manifestRef: SegmentRef
  /** Segments that nothing needs after the commit. */
  readonly retired: readonly SegmentRef[]
}

/** The same, when the outputs are done. */
export interface NamedBatch extends WrittenBatch {
  /** What is left to do, as the head says it. Undefined: the stored manifest says it. */
  readonly afterCommit: AfterCommit | undefined
}

interface StateOfBatch {
  readonly drafts: StateDrafts
  readonly quietSinceMs: number | undefined
}

/** JSON has no infinity, and the head is JSON: without a time they are kept for ever. */
export const keptFor = ({
  deadLettersKeptMs,
}: Pick<PlanOptions, 'deadLettersKeptMs'>): Pick<AfterCommit, 'deadLettersKeptMs'> =>
  Number.isFinite(deadLettersKeptMs) ? { deadLettersKeptMs } : {}

/** Writes the segments of the states and the manifest. Nothing names them yet (B5). */
export const writeStates = async (
  runner: Runner,
  { attemptId, input }: LoggedAttempt,
  before: Before,
  { drafts, quietSinceMs }: StateOfBatch,
): Promise<WrittenBatch> => {
  const { store, app, clock, plan } = runner
  const { keptForReplayMs } = plan.options
  const { states, segments, retired } = drafts.flush(store, app, attemptId)
  const manifest: Manifest = {
    timeMs: input.timeMs,
    offsets: offsetsAfterBatch(before.manifest.offsets, input),
    states,
    // A removed source may have left records in its lanes. A later source with the same id but
    // another name must not find them.
    inputs: { ...before.manifest.inputs, ...inputsOf(plan) },
    elements: { ...before.manifest.elements, ...elementsOf(plan) },
    ...(input.broadcasts === undefined ? {} : { broadcasts: input.broadcasts }),
    timers: drafts.timers,
    quietSinceMs,
    previous: manifestsToKeep(before.manifest, before.manifestRef, keptForReplayMs),
    ...(keptForReplayMs === 0 ? {} : { keptForReplayMs }),
  }
  const named = nameManifest(store, app, attemptId, manifest)
  await allOrFirstError(
    [...segments, named].map((segment) => withRetries(clock, () => putSegment(store, segment))),
  )
  return { manifest, manifestRef: named.ref, retired }
}

/**
 * What is left to do after the commit is known when the outputs are written. The commit puts it
 * into the head. Where it is too large for that, the manifest is written again, with it.
 */
export const withAfterCommit = async (
  { store, app, clock, plan }: Runner,
  attemptId: string,
  { manifest: early, manifestRef, retired }: WrittenBatch,
  afterCommit: AfterCommit,
): Promise<NamedBatch> => {
  const manifest = { ...early, ...afterCommit }
  // A snapshot must have the values, and the head forgets them with the next commit.
  const isSnapshot = plan.options.keptForReplayMs > 0 && afterCommit.accumulators !== undefined
  if (!isSnapshot && fitsHead(store, afterCommit))
    return { manifest, manifestRef, retired, afterCommit }
  // Under a name of its own: a segment is never written over (B11).
  const named = nameManifest(store, app, `${attemptId}.1`, manifest)
  await withRetries(clock, () => putSegment(store, named))
  return {
    manifest,
    manifestRef: named.ref,
    retired: [...retired, manifestRef],
    afterCommit: undefined,
  }
}
