import { encode, decode } from '../base/codec.ts'
import { sortableTime } from '../state/item-keys.ts'
import { readSegment, type SegmentRef, writeSegment } from '../state/segments.ts'
import type { ItemStore } from '../ports/item-store.ts'
import type { Slice } from './sources/batch-source.ts'

/** Under this name the plans of batches are stored as segments. */
export const BATCH_PLAN_NODE = '@batch'

/** A plan up to this size stands in the head itself: one write less, and readable in the item. */
const INLINE_BYTES_MAX = 4_096

/** What a batch consists of: decided once, logged before anything runs, the same for every attempt (B2). */
export interface BatchPlan {
  readonly timeMs: number
  readonly slices: Readonly<Record<string, Slice>>
}

/** A plan in the form that the head carries. Written before the head names it. */
export const storePlan = async (store: ItemStore, app: string, attemptId: string, plan: BatchPlan): Promise<string | SegmentRef> => {
  const text = JSON.stringify(plan)
  if (Buffer.byteLength(text) <= INLINE_BYTES_MAX) return text
  return writeSegment(
    store,
    app,
    { node: BATCH_PLAN_NODE, part: 0, at: sortableTime(plan.timeMs), by: attemptId },
    encode(JSON.parse(text)),
  )
}

export const loadPlan = async (store: ItemStore, app: string, stored: string | SegmentRef): Promise<BatchPlan> =>
  (typeof stored === 'string' ? JSON.parse(stored) : decode(await readSegment(store, app, stored))) as BatchPlan
