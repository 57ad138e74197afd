/** The manifest a batch begins with, and what of it the next one goes on with. */
import type { Clock } from '../../ports/clock.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import type { Head } from '../../state/head.ts'
import { emptyManifest, KEPT_MANIFESTS, type Manifest, readManifest } from '../../state/manifest.ts'
import type { SegmentRef } from '../../state/segments.ts'
import type { BatchInput } from './batch-input.ts'
import { storeCommittedEpoch } from '../../state/dead-letters.ts'
import { settle } from '../retry.ts'

/** An application in a store. */
export interface StoredApp {
  readonly store: ItemStore
  readonly app: string
  readonly clock: Clock
}

/**
 * The last manifest, with its verdict on dead letters written down. Whoever has committed it may have died before that; and once the next
 * batch is logged, or another manifest stands in its place, nobody else could tell.
 */
export const lastManifest = async (
  { store, app, clock }: StoredApp,
  { manifest: ref, zeroMs }: Head,
): Promise<Manifest> => {
  const manifest =
    ref === undefined
      ? emptyManifest(zeroMs)
      : await settle(clock, () => readManifest(store, app, ref))
  await settle(clock, () => storeCommittedEpoch(store, app, manifest))
  return manifest
}

/** What a manifest has by source, with what a batch has made of it. What a batch does not name stays. */
export const cutsAfter = ({ cuts }: Manifest, { slices }: BatchInput): Manifest['cuts'] => ({
  ...cuts,
  ...Object.fromEntries(Object.entries(slices).map(([source, { cut }]) => [source, cut])),
})

/** The manifests that are kept beside the one after this (B11). */
export const keptBefore = (
  { previous }: Manifest,
  ref: SegmentRef | undefined,
): readonly SegmentRef[] =>
  ref === undefined ? [] : [ref, ...previous].slice(0, KEPT_MANIFESTS - 1)
