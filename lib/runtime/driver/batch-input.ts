/**
 * The input of a batch: decided once, logged before anything runs, the same for every attempt (B2).
 */
import { decode, encode } from '../../base/codec.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import type { BroadcastVersions } from '../../state/broadcasts.ts'
import { sortableTime } from '../../state/item-keys.ts'
import { LOGGED_BATCH_NODE } from '../../state/kept-tasks.ts'
import type { Offsets, OffsetsBySource } from '../../state/offsets.ts'
import { readSegment, type SegmentRef, writeSegment } from '../../state/segments.ts'
import { packInput, unpackInput, type WholeInput } from '../sources/redriven.ts'
import type { LostRecords } from '../sources/source-reader.ts'

/** The node name under which batch inputs are stored as segments. */
export const BATCH_INPUT_NODE: string = LOGGED_BATCH_NODE

/**
 * An input up to this size is stored in the head itself. This saves a write, and the item is
 * readable. The head also holds offsets and the reason of a failure, so it is a share of the
 * largest item too.
 */
const INLINE_BYTES_MAX = 4_096
const INLINE_SHARE_MAX = 1 / 4

/** What a batch takes from all sources. */
export interface BatchInput {
  readonly timeMs: number
  /** By the id of the source node. */
  readonly sources: Readonly<Record<string, WholeInput>>
  /** The versions of broadcast values that it uses. Left out: there are none. */
  readonly broadcasts?: BroadcastVersions
}

const mapSources = <A, B>(
  sources: Readonly<Record<string, A>>,
  map: (id: string, one: A) => B,
): Readonly<Record<string, B>> =>
  Object.fromEntries(Object.entries(sources).map(([id, one]) => [id, map(id, one)]))

const textOf = ({ sources, ...rest }: BatchInput): string =>
  JSON.stringify({ ...rest, sources: mapSources(sources, (_, input) => packInput(input)) })

/** Unpacks a stored input. */
export const batchInputFrom = (value: unknown): BatchInput => {
  const { sources, ...rest } = value as Omit<BatchInput, 'sources'> & {
    readonly sources: Readonly<Record<string, object>>
  }
  return { ...rest, sources: mapSources(sources, unpackInput) }
}

/** The form of an input that the head stores. A segment is written before the head names it. */
export const storeBatchInput = async (
  store: ItemStore,
  app: string,
  attemptId: string,
  input: BatchInput,
): Promise<string | SegmentRef> => {
  const text = textOf(input)
  const inlineBytesMax = Math.min(INLINE_BYTES_MAX, store.itemBytesMax * INLINE_SHARE_MAX)
  if (Buffer.byteLength(text) <= inlineBytesMax) return text
  const name = { node: BATCH_INPUT_NODE, part: 0, at: sortableTime(input.timeMs), by: attemptId }
  return writeSegment(store, app, name, encode(JSON.parse(text)))
}

export const loadBatchInput = async (
  store: ItemStore,
  app: string,
  stored: string | SegmentRef,
): Promise<BatchInput> =>
  batchInputFrom(
    typeof stored === 'string' ? JSON.parse(stored) : decode(await readSegment(store, app, stored)),
  )

/** The sum of a field over all sources of a batch. */
export const totalOf = ({ sources }: BatchInput, field: 'records' | 'bytes' | 'objects'): number =>
  Object.values(sources).reduce((total, input) => total + input[field], 0)

/** The lost records of a batch, each with the id of its source. */
export const lostIn = ({
  sources,
}: BatchInput): readonly (LostRecords & { readonly source: string })[] =>
  Object.entries(sources).flatMap(([source, { lost = [] }]) =>
    lost.map((one) => ({ source, ...one })),
  )

/**
 * The offsets of all sources after a batch. A source that the batch does not name is not in the
 * pipeline. It keeps its offsets, in case it comes back. But no notifications arrive meanwhile, so
 * its location is listed again from the beginning then.
 */
export const offsetsAfterBatch = (
  before: OffsetsBySource,
  { sources }: BatchInput,
): OffsetsBySource => ({
  ...mapSources(before, (_, { listing, ...others }): Offsets =>
    listing === undefined ? others : { ...others, listing: { pending: listing.pending } },
  ),
  ...mapSources(sources, (_, { offsets }): Offsets => offsets),
})
