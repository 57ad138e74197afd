import { encode, decode } from '../../base/codec.ts'
import { sortableTime } from '../../state/item-keys.ts'
import { packEntry, type PackedEntry, unpackEntry } from '../../state/lanes.ts'
import { readSegment, type SegmentRef, writeSegment } from '../../state/segments.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import type { SourceInput } from '../sources/source-reader.ts'
import type { LanesInput } from '../sources/lanes/reader.ts'

/** Under this name the plans of batches are stored as segments. */
export const BATCH_INPUT_NODE = '@batch'

/** A plan up to this size stands in the head itself: one write less, and readable in the item. */
const INLINE_BYTES_MAX = 4_096

/** What a batch consists of: decided once, logged before anything runs, the same for every attempt (B2). */
export interface BatchInput {
  readonly timeMs: number
  readonly slices: Readonly<Record<string, SourceInput>>
}

/** A slice as it is stored: the entries of lanes as they are in lanes. */
const packedSlice = (slice: SourceInput): object =>
  slice.kind === 'lanes'
    ? {
        ...slice,
        lanes: (slice as LanesInput).lanes.map(({ lane, entries }) => ({
          lane,
          entries: entries.map(packEntry),
        })),
      }
    : slice

const unpackedSlice = (source: string, stored: object): SourceInput => {
  const slice = stored as SourceInput
  if (slice.kind !== 'lanes') return slice
  const lanes = (
    slice as unknown as {
      readonly lanes: readonly { readonly lane: string; readonly entries: readonly PackedEntry[] }[]
    }
  ).lanes
  return {
    ...slice,
    lanes: lanes.map(({ lane, entries }) => ({
      lane,
      entries: entries.map((entry) => unpackEntry(source, lane, entry)),
    })),
  } as SourceInput
}

const mapSlices = <A, B>(
  slices: Readonly<Record<string, A>>,
  map: (id: string, slice: A) => B,
): Readonly<Record<string, B>> =>
  Object.fromEntries(Object.entries(slices).map(([id, slice]) => [id, map(id, slice)]))

const planText = ({ timeMs, slices }: BatchInput): string =>
  JSON.stringify({ timeMs, slices: mapSlices(slices, (_, slice) => packedSlice(slice)) })

/** The plan of a stored value. */
export const batchInputFrom = (value: unknown): BatchInput => {
  const { timeMs, slices } = value as {
    readonly timeMs: number
    readonly slices: Readonly<Record<string, object>>
  }
  return { timeMs, slices: mapSlices(slices, unpackedSlice) }
}

/** A plan in the form that the head carries. Written before the head names it. */
export const storeBatchInput = async (
  store: ItemStore,
  app: string,
  attemptId: string,
  plan: BatchInput,
): Promise<string | SegmentRef> => {
  const text = planText(plan)
  if (Buffer.byteLength(text) <= INLINE_BYTES_MAX) return text
  return writeSegment(
    store,
    app,
    { node: BATCH_INPUT_NODE, part: 0, at: sortableTime(plan.timeMs), by: attemptId },
    encode(JSON.parse(text)),
  )
}

export const loadPlan = async (
  store: ItemStore,
  app: string,
  stored: string | SegmentRef,
): Promise<BatchInput> =>
  batchInputFrom(
    typeof stored === 'string' ? JSON.parse(stored) : decode(await readSegment(store, app, stored)),
  )
