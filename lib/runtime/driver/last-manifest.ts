/** The manifest from which a batch starts, and the manifests that the next one keeps. */
import type { Clock } from '../../ports/clock.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import { storeCommittedEpoch } from '../../state/dead-letters.ts'
import type { Head } from '../../state/head.ts'
import { emptyManifest, KEPT_MANIFESTS, type Manifest, readManifest } from '../../state/manifest.ts'
import { snapshotsAmong } from '../../state/snapshots.ts'
import type { SegmentRef } from '../../state/segments.ts'
import { withRetries } from '../retry.ts'
import type { Runner } from '../runner.ts'

/** An application in a store. */
export interface StoredApp {
  readonly store: ItemStore
  readonly app: string
  readonly clock: Clock
}

/**
 * Reads the last manifest, with what the head says of its commit, and stores the committed epoch of
 * its batch. The process that committed the batch may have died before it stored the epoch. This
 * must happen before the next batch is logged, because that batch does not carry this epoch.
 */
export const lastManifest = async (
  { store, app, clock }: StoredApp,
  { manifest: ref, afterCommit, zeroMs }: Head,
): Promise<Manifest> => {
  const stored =
    ref === undefined
      ? emptyManifest(zeroMs)
      : await withRetries(clock, () => readManifest(store, app, ref))
  const manifest = { ...stored, ...afterCommit }
  await withRetries(clock, () => storeCommittedEpoch(store, app, manifest))
  return manifest
}

/** The manifests that are kept in addition to the next one (B11). */
export const manifestsToKeep = (
  { previous, keptForReplayMs: kept = 0 }: Manifest,
  ref: SegmentRef | undefined,
  keptForReplayMs: number = kept,
): readonly SegmentRef[] => {
  if (ref === undefined) return []
  const all = [ref, ...previous]
  const snapshots = keptForReplayMs === 0 ? [] : snapshotsAmong(all, keptForReplayMs)
  return [...all.slice(0, KEPT_MANIFESTS - 1), ...snapshots]
}

/**
 * Shows the outputs of the last batch to readers. The process that committed the batch may have
 * died before it did. This must happen before the next batch is logged, because the manifest of
 * that batch does not carry these outputs.
 */
export const publishOutputs = async (
  { outputs, app, clock }: Pick<Runner, 'outputs' | 'app' | 'clock'>,
  { outputs: finished = [] }: Manifest,
): Promise<void> => withRetries(clock, () => outputs.publish(app, finished), 'OUTPUT_FAILED')
