/**
 * Snapshots of the state, for replays: manifests that stay longer than the last ones, spread over
 * the time that is kept. A manifest names all of its state, so B11 keeps what they name.
 *
 *     kept time       |-----------------------------------|
 *     snapshots    x      x      x      x      x      x      x x x  the last manifests
 *                  the oldest one is before it, so that a replay can begin at any time
 */
import { KEPT_MANIFESTS, type Manifest } from './manifest.ts'
import type { SegmentRef } from './segments.ts'

/** So many snapshots are spread over the time that is kept. */
export const SNAPSHOTS = 24

/** The batch time of a manifest, to a millisecond. */
export const timeOfManifest = ({ at }: Pick<SegmentRef, 'at'>): number => Number(at)

/**
 * Those of older manifests that are kept as snapshots, the newest first. `older`: the one that is
 * no longer among the last ones, and the snapshots until now. `newest`: the last manifest.
 */
export const snapshotsAmong = (
  older: readonly SegmentRef[],
  keptForReplayMs: number,
  newest: SegmentRef,
): readonly SegmentRef[] => {
  const period = (ref: SegmentRef | undefined): number =>
    ref === undefined ? -1 : Math.floor(timeOfManifest(ref) / (keptForReplayMs / SNAPSHOTS))
  const firstOfPeriods = older.filter((ref, index) => period(ref) !== period(older[index + 1]))
  const beginMs = timeOfManifest(newest) - keptForReplayMs
  const last = firstOfPeriods.findIndex((ref) => timeOfManifest(ref) <= beginMs)
  return last === -1 ? firstOfPeriods : firstOfPeriods.slice(0, last + 1)
}

/** The snapshots that a manifest keeps, the newest first. */
export const snapshotsOf = ({ previous }: Pick<Manifest, 'previous'>): readonly SegmentRef[] =>
  previous.slice(KEPT_MANIFESTS - 1)
