/**
 * Snapshots of the state, for replays: manifests that stay longer than the last ones, spread over
 * the time that is kept. A manifest names all of its state, so B11 keeps what they name.
 *
 *     kept time       |-----------------------------------|
 *     snapshots    x      x      x      x      x      x      x x x  the last manifests
 *                  the oldest one is before it, so that a replay can begin at any time
 *
 * The first manifest of each period stays. So does the last one before a rest that is longer than a
 * period: the notes of the batches before it may be gone when it ends, and a replay of the first
 * batch after it would need them.
 */
import { KEPT_MANIFESTS, type Manifest } from './manifest.ts'
import type { SegmentRef } from './segments.ts'

/** So many snapshots are spread over the time that is kept. */
export const SNAPSHOTS = 24

/** The batch time of a manifest, to a millisecond. */
export const timeOfManifest = ({ at }: Pick<SegmentRef, 'at'>): number => Number(at)

/**
 * Those of manifests that are kept as snapshots, the newest first. `manifests`: the last ones, the
 * one that is no longer among these, and the snapshots until now.
 */
export const snapshotsAmong = (
  manifests: readonly SegmentRef[],
  keptForReplayMs: number,
): readonly SegmentRef[] => {
  const period = (ref: SegmentRef | undefined): number =>
    ref === undefined ? -1 : Math.floor(timeOfManifest(ref) / (keptForReplayMs / SNAPSHOTS))
  const spread = manifests.filter((ref, index) => {
    if (index < KEPT_MANIFESTS - 1) return false
    const isFirst = period(ref) !== period(manifests[index + 1])
    return isFirst || period(manifests[index - 1]) > period(ref) + 1
  })
  const [newest] = manifests
  const beginMs = newest === undefined ? 0 : timeOfManifest(newest) - keptForReplayMs
  const last = spread.findIndex((ref) => timeOfManifest(ref) <= beginMs)
  return last === -1 ? spread : spread.slice(0, last + 1)
}

/**
 * The batch time up to which no replay needs an input, as a manifest says it. Undefined: replays
 * need all inputs, because all that happened is within the kept time.
 */
export const consumedMsFor = ({
  timeMs,
  keptForReplayMs,
  previous,
}: Pick<Manifest, 'timeMs' | 'keptForReplayMs' | 'previous'>): number | undefined => {
  if (keptForReplayMs === undefined) return timeMs
  const oldest = previous.at(-1)
  return oldest !== undefined && timeOfManifest(oldest) <= timeMs - keptForReplayMs
    ? timeOfManifest(oldest)
    : undefined
}

/** The snapshots that a manifest keeps, the newest first. */
export const snapshotsOf = ({ previous }: Pick<Manifest, 'previous'>): readonly SegmentRef[] =>
  previous.slice(KEPT_MANIFESTS - 1)
