/**
 * The log of batches for replays: which input each one took. The head forgets an input when its
 * batch is committed.
 *
 * A note is written between the log and the commit of its batch. So there may be notes of attempts
 * that were not committed. Each note names its attempt, and the manifest from which it started:
 *
 *     before: m1, attempt: a2  ->  before: a2, attempt: a3  ->  before: a3, ...
 *
 * Where the chain breaks, something else has happened: a batch was skipped, or state was imported.
 * Nothing in the protocol depends on the notes.
 */
import { isMillraceError } from '../base/errors.ts'
import type { Item, ItemStore } from '../ports/item-store.ts'
import { ttlAfter } from './dead-letters.ts'
import { replayKey, sortableTime, startOfDay } from './item-keys.ts'
import type { SegmentRef } from './segments.ts'

/** What a replay needs to know of a batch. */
export interface ReplayNote {
  readonly timeMs: number
  /** The input as the head has logged it. */
  readonly input: string | SegmentRef
  /** The id of the attempt. */
  readonly attempt: string
  /** The attempt that made the manifest before the batch. Undefined: there was none. */
  readonly before: string | undefined
}

const DAY_MS = 86_400_000
/** Notes outlive the segments that they name: a sweep may be late. */
const KEPT_LONGER_MS = DAY_MS
const PAGE_SIZE = 500

/** Writes a note. Best effort: a note that is missing breaks the chain, and a replay says so. */
export const noteForReplay = async (
  store: ItemStore,
  app: string,
  { timeMs, input, attempt, before }: ReplayNote,
  { keptForReplayMs, nowMs }: { readonly keptForReplayMs: number; readonly nowMs: number },
): Promise<void> => {
  const item: Item = {
    attempt,
    before,
    ...(typeof input === 'string' ? { input } : { segment: JSON.stringify(input) }),
    // Batches may be days behind the clock, or ahead of it.
    ...ttlAfter(Math.max(timeMs, nowMs), 2 * keptForReplayMs + KEPT_LONGER_MS),
  }
  try {
    await store.put(replayKey(app, timeMs), item)
  } catch (error) {
    if (!isMillraceError(error)) throw error
  }
}

const noteIn = (sort: string, { input, segment, attempt, before }: Item): ReplayNote => ({
  timeMs: Number(sort),
  input: typeof input === 'string' ? input : (JSON.parse(segment as string) as SegmentRef),
  attempt: attempt as string,
  before: before as string | undefined,
})

/** The notes of batch times in a range, both ends included, the oldest first. */
export async function* readReplayLog(
  store: ItemStore,
  app: string,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): AsyncGenerator<ReplayNote> {
  for (let dayMs = startOfDay(fromMs); dayMs <= toMs; dayMs += DAY_MS) {
    const { partition } = replayKey(app, dayMs)
    let after = sortableTime(Math.max(fromMs, dayMs) - 1)
    for (;;) {
      const items = await store.query(partition, { after, limit: PAGE_SIZE })
      for (const { sort, item } of items) {
        if (Number(sort) > toMs) return
        yield noteIn(sort, item)
      }
      const last = items.at(-1)
      if (last === undefined || items.length < PAGE_SIZE) break
      after = last.sort
    }
  }
}

/** Whether a batch started from what an attempt has committed. */
export const followsOn = ({ before }: ReplayNote, attempt: string | undefined): boolean =>
  // A manifest that is written again, with what its outputs left to be done, has a name of its own.
  before === attempt || (attempt !== undefined && before === `${attempt}.1`)
