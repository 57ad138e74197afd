/**
 * The manifest of a committed batch: names everything that is true after it. Immutable; the head names the newest.
 */
import { decode, encode } from '../base/codec.ts'
import type { ItemStore } from '../ports/item-store.ts'
import { sortableTime } from './item-keys.ts'
import { readSegment, type SegmentRef, writeSegment } from './segments.ts'

/** Under this name manifests are stored as segments. */
export const MANIFEST_NODE = '@manifest'

/** So many manifests, the newest among them, keep what they name (B11): a reader that is a batch or two behind still finds it. */
export const KEPT_MANIFESTS = 3

/** One thing that an operator keeps: for each of its partitions the segments that make it up, oldest first. */
export interface StoredState {
  readonly kind: string
  readonly form: 'state' | 'panes'
  /** What must stay the same, besides, for the segments to make sense. */
  readonly layout: string
  readonly partitions: readonly (readonly SegmentRef[])[]
}

/** How far a source has been consumed, in the source's own terms. Plain data. */
export type Cut = Readonly<Record<string, unknown>>

export interface Manifest {
  readonly timeMs: number
  readonly cuts: Readonly<Record<string, Cut>>
  readonly states: Readonly<Record<string, StoredState>>
  /** Batch times that operators have marked for themselves, by their ids. */
  readonly marks: Readonly<Record<string, number>>
  /** When something will happen even if nothing comes in, by the ids of operators. */
  readonly expected: Readonly<Record<string, number>>
  /** Since this batch, itself included, batches have been empty and have changed nothing; undefined: this one has. */
  readonly quietSinceMs: number | undefined
  /** The manifests before this one, newest first, as far as they are kept. */
  readonly previous: readonly SegmentRef[]
}

/** What is true before the first batch. */
export const emptyManifest = (zeroMs: number): Manifest => ({
  timeMs: zeroMs,
  cuts: {},
  states: {},
  marks: {},
  expected: {},
  quietSinceMs: undefined,
  previous: [],
})

export const writeManifest = async (store: ItemStore, app: string, attemptId: string, manifest: Manifest): Promise<SegmentRef> =>
  writeSegment(store, app, { node: MANIFEST_NODE, part: 0, at: sortableTime(manifest.timeMs), by: attemptId }, encode(manifest))

export const readManifest = async (store: ItemStore, app: string, ref: SegmentRef): Promise<Manifest> =>
  decode(await readSegment(store, app, ref)) as Manifest

/** The state segments a manifest names. */
export const stateSegments = (manifest: Manifest): readonly SegmentRef[] =>
  Object.values(manifest.states).flatMap(({ partitions }) => partitions.flat())
