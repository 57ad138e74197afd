/**
 * The manifest of a committed batch names everything that is true after the batch. Manifests are
 * immutable; the head names the newest.
 */
import { decode, encode } from '../base/codec.ts'
import { allOrFirstError } from '../base/concurrency.ts'
import type { Item, ItemStore } from '../ports/item-store.ts'
import type { AfterCommit } from './after-commit.ts'
import type { Regrouped } from './former-panes.ts'
import { broadcastSegments, type BroadcastVersions } from './broadcasts.ts'
import { sortableTime } from './item-keys.ts'
import type { OffsetsBySource } from './offsets.ts'
import type { StateShape } from './operator/state-declaration.ts'
import type { TimerState } from './operator/timer.ts'
import { SegmentList } from './segment-list.ts'
import { type PackedList, packList, type StoredPartition, unpackList } from './stored-list.ts'
import {
  packRef,
  type PackedRef,
  putSegment,
  readSegment,
  type ReadSegment,
  type NamedSegment,
  nameSegment,
  segmentBytes,
  segmentKeys,
  type SegmentRef,
  type StoredName,
  unpackRef,
} from './segments.ts'

/** The node name under which manifests are stored as segments. */
export const MANIFEST_NODE = '@manifest'

/**
 * How many manifests, including the newest, protect the segments that they name (B11). So a reader
 * that is one or two batches behind still finds its segments.
 */
export const KEPT_MANIFESTS = 3

/** One thing that an operator keeps. Each partition is a list of segments. */
export interface StoredState {
  readonly kind: string
  readonly form: 'state' | 'panes'
  /** Anything else that must stay the same, so that a plan can read the segments. */
  readonly layout: string
  readonly partitions: readonly StoredPartition[]
  /** Panes that another plan has divided among its partitions. Left out: there are none. */
  readonly regrouped?: Regrouped
}

/** How a state was stored. */
export const shapeOfStored = (
  id: string,
  { kind, form, layout, partitions, regrouped }: StoredState,
): StateShape => ({
  id,
  kind,
  form,
  layout,
  partitions: regrouped?.partitions ?? partitions.length,
  ...(form === 'panes' ? { held: partitions.reduce((sum, { count }) => sum + count, 0) } : {}),
})

/** As it is stored, it says what is left to do after the commit only if the head does not. */
export interface Manifest extends AfterCommit {
  readonly timeMs: number
  /** How far each source has been consumed. */
  readonly offsets: OffsetsBySource
  readonly states: Readonly<Record<string, StoredState>>
  /** Input name of each source, by node id. Used to detect that two sources have swapped. */
  readonly inputs?: Readonly<Record<string, string>>
  /**
   * The type of the elements of each source, by node id. What waits in its lanes is of this type.
   */
  readonly elements?: Readonly<Record<string, string>>
  /** The versions of broadcast values that the batch has used. */
  readonly broadcasts?: BroadcastVersions
  /** The timers of operators, by their ids. */
  readonly timers: Readonly<Record<string, TimerState>>
  /**
   * The first of the latest batches that all were empty and changed nothing. Undefined: this batch
   * changed something.
   */
  readonly quietSinceMs: number | undefined
  /** The previous manifests that are still kept, newest first. */
  readonly previous: readonly SegmentRef[]
  /** How long what a replay needs is kept. Left out: nothing is. */
  readonly keptForReplayMs?: number
}

type PackedState = readonly [
  id: string,
  kind: string,
  form: StoredState['form'],
  layout: string,
  partitions: readonly PackedPartition[],
  regrouped?: Regrouped,
]

/** The segments of a partition, as they are packed into a manifest. */
export type PackedPartition = readonly [list: PackedList, large: number, small: number]

export const packPartition = (one: StoredPartition): PackedPartition => [
  packList(one),
  one.large,
  one.small,
]

export const unpackPartition = (
  id: string,
  part: number,
  [list, large, small]: PackedPartition,
): StoredPartition => ({ ...unpackList(id, part, list), large, small })

/**
 * A manifest as it is stored. Each reference omits the node and the part of its segment: both
 * follow from the place of the reference.
 */
interface PackedManifest extends Omit<Manifest, 'states' | 'previous'> {
  readonly states: readonly PackedState[]
  readonly previous: readonly PackedRef[]
}

const packState = ([id, state]: readonly [string, StoredState]): PackedState => {
  const { kind, form, layout, regrouped } = state
  const partitions = state.partitions.map(packPartition)
  return regrouped === undefined
    ? [id, kind, form, layout, partitions]
    : [id, kind, form, layout, partitions, regrouped]
}

const pack = ({ states, previous, ...rest }: Manifest): PackedManifest => ({
  ...rest,
  states: Object.entries(states).map(packState),
  previous: previous.map(packRef),
})

/** Unpacks a stored manifest. */
export const manifestFrom = (value: unknown): Manifest => {
  const { states, previous, ...rest } = value as PackedManifest
  const stateOf = ([id, kind, form, layout, partitions, regrouped]: PackedState): [
    string,
    StoredState,
  ] => [
    id,
    {
      kind,
      form,
      layout,
      partitions: partitions.map((one, part) => unpackPartition(id, part, one)),
      ...(regrouped === undefined ? {} : { regrouped }),
    },
  ]
  return {
    ...rest,
    states: Object.fromEntries(states.map(stateOf)),
    previous: previous.map((ref) => unpackRef(MANIFEST_NODE, 0, ref)),
  }
}

/** The manifest before the first batch. */
export const emptyManifest = (zeroMs: number): Manifest => ({
  timeMs: zeroMs,
  offsets: {},
  states: {},
  timers: {},
  quietSinceMs: undefined,
  previous: [],
})

/** Names a manifest as a segment, without writing it. */
export const nameManifest = (
  store: ItemStore,
  app: string,
  attemptId: string,
  manifest: Manifest,
  atMs: number = manifest.timeMs,
): NamedSegment =>
  nameSegment(
    store,
    app,
    { node: MANIFEST_NODE, part: 0, at: sortableTime(atMs), by: attemptId },
    encode(pack(manifest)),
  )

/**
 * Writes a manifest that takes the place of the last one. B11: it is named 1 ms after its batch. A
 * process whose lease is over may still sweep: it takes what nothing names up to the time of the
 * last batch that it knows, and may have read the head before this manifest was in it.
 */
export const writeManifest = async (
  store: ItemStore,
  app: string,
  attemptId: string,
  manifest: Manifest,
): Promise<SegmentRef> => {
  const named = nameManifest(store, app, attemptId, manifest, manifest.timeMs + 1)
  await putSegment(store, named)
  return named.ref
}

export const readManifest = async (
  store: ItemStore,
  app: string,
  ref: SegmentRef,
): Promise<Manifest> => manifestFrom(decode(await readSegment(store, app, ref)))

/**
 * Reads a manifest that nothing names, and that was found in the store. Undefined: it is not whole,
 * or not there any more.
 */
export const readStoredManifest = async (
  store: ItemStore,
  app: string,
  name: StoredName,
): Promise<Manifest | undefined> => {
  const items = await allOrFirstError(segmentKeys(app, name).map((key) => store.get(key)))
  const chunks = items.filter((item) => item?.['bytes'] instanceof Uint8Array) as Item[]
  return chunks.length < name.chunks ? undefined : manifestFrom(decode(segmentBytes(chunks)))
}

/**
 * The segments of all states and panes of a manifest, with the pages that name them, and of its
 * broadcast values.
 */
export const stateSegments = async (
  { states, broadcasts }: Pick<Manifest, 'states' | 'broadcasts'>,
  read: ReadSegment,
): Promise<readonly SegmentRef[]> => {
  const lists = Object.entries(states).flatMap(([id, { partitions }]) =>
    partitions.map((stored) => SegmentList.load(id, stored, read)),
  )
  const named = (await allOrFirstError(lists)).flatMap(({ all }) => all)
  return [...named, ...broadcastSegments(broadcasts)]
}
