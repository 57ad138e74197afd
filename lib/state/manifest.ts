/**
 * The manifest of a committed batch: names everything that is true after it. Immutable; the head
 * names the newest.
 */
import { decode, encode } from '../base/codec.ts'
import type { ItemStore } from '../ports/item-store.ts'
import { sortableTime } from './item-keys.ts'
import type { OffsetsBySource } from './offsets.ts'
import type { TimerState } from './operator/timer.ts'
import {
  packRef,
  type PackedRef,
  putSegment,
  readSegment,
  type NamedSegment,
  nameSegment,
  type SegmentRef,
  unpackRef,
} from './segments.ts'

/** Under this name manifests are stored as segments. */
export const MANIFEST_NODE = '@manifest'

/**
 * So many manifests, the newest among them, keep what they name (B11): a reader that is a batch or
 * two behind still finds it.
 */
export const KEPT_MANIFESTS = 3

/**
 * One thing that an operator keeps: for each of its partitions the segments that make it up, oldest
 * first.
 */
export interface StoredState {
  readonly kind: string
  readonly form: 'state' | 'panes'
  /** What must stay the same, besides, for the segments to make sense. */
  readonly layout: string
  readonly partitions: readonly (readonly SegmentRef[])[]
}

export interface Manifest {
  readonly timeMs: number
  /** How far the sources are consumed. */
  readonly offsets: OffsetsBySource
  readonly states: Readonly<Record<string, StoredState>>
  /** Input name of each source, by node id. Used to detect that two sources have swapped. */
  readonly inputs?: Readonly<Record<string, string>>
  /** The timers of operators, by their ids. */
  readonly timers: Readonly<Record<string, TimerState>>
  /**
   * Since this batch, itself included, batches have been empty and have changed nothing. Undefined:
   * this one has changed something.
   */
  readonly quietSinceMs: number | undefined
  /**
   * The epoch of the attempt that committed the batch, if that attempt or an earlier one may have
   * put records aside: the dead letters of this epoch are true.
   */
  readonly deadLetterEpoch?: number
  /** The manifests before this one, newest first, as far as they are kept. */
  readonly previous: readonly SegmentRef[]
}

type PackedState = readonly [
  id: string,
  kind: string,
  form: StoredState['form'],
  layout: string,
  partitions: readonly (readonly PackedRef[])[],
]

/**
 * A manifest as it is stored: the node and the part of each segment follow from where it is named.
 */
interface PackedManifest extends Omit<Manifest, 'states' | 'previous'> {
  readonly states: readonly PackedState[]
  readonly previous: readonly PackedRef[]
}

const pack = ({ states, previous, ...rest }: Manifest): PackedManifest => ({
  ...rest,
  states: Object.entries(states).map(([id, { kind, form, layout, partitions }]) => [
    id,
    kind,
    form,
    layout,
    partitions.map((refs) => refs.map(packRef)),
  ]),
  previous: previous.map(packRef),
})

/** The manifest of a stored value. */
export const manifestFrom = (value: unknown): Manifest => {
  const { states, previous, ...rest } = value as PackedManifest
  const stateOf = ([id, kind, form, layout, partitions]: PackedState): [string, StoredState] => [
    id,
    {
      kind,
      form,
      layout,
      partitions: partitions.map((refs, part) => refs.map((ref) => unpackRef(id, part, ref))),
    },
  ]
  return {
    ...rest,
    states: Object.fromEntries(states.map(stateOf)),
    previous: previous.map((ref) => unpackRef(MANIFEST_NODE, 0, ref)),
  }
}

/** What is true before the first batch. */
export const emptyManifest = (zeroMs: number): Manifest => ({
  timeMs: zeroMs,
  offsets: {},
  states: {},
  timers: {},
  quietSinceMs: undefined,
  previous: [],
})

/** A manifest that can be named already, and has yet to be written. */
export const nameManifest = (
  store: ItemStore,
  app: string,
  attemptId: string,
  manifest: Manifest,
): NamedSegment =>
  nameSegment(
    store,
    app,
    { node: MANIFEST_NODE, part: 0, at: sortableTime(manifest.timeMs), by: attemptId },
    encode(pack(manifest)),
  )

export const writeManifest = async (
  store: ItemStore,
  app: string,
  attemptId: string,
  manifest: Manifest,
): Promise<SegmentRef> => {
  const named = nameManifest(store, app, attemptId, manifest)
  await putSegment(store, named)
  return named.ref
}

export const readManifest = async (
  store: ItemStore,
  app: string,
  ref: SegmentRef,
): Promise<Manifest> => manifestFrom(decode(await readSegment(store, app, ref)))

/** The state segments a manifest names. */
export const stateSegments = (manifest: Manifest): readonly SegmentRef[] =>
  Object.values(manifest.states).flatMap(({ partitions }) => partitions.flat())
