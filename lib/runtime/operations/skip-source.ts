/**
 * Gives up what waits of a source: what intake has accepted, and no batch has taken. For a source
 * that the pipeline no longer has, or that has another binding now.
 *
 * 1. Store the next manifest: the same state, and the offsets of the source at the tails of its
 *    lanes (B11). The name of its input is forgotten, so another source may read it.
 * 2. Write the head: that manifest, and the lane offsets (B5).
 * 3. Delete the blocks that waited. Best effort: they are garbage, and sweeps look at the lanes of
 *    the sources that the plan has.
 *
 * The lanes stay, with their tails. So if the source comes back under the same id, what is
 * delivered twice is still dropped (B1), and it goes on with what is new.
 */
import type { Head } from '../../state/head.ts'
import { noteBatch } from '../../state/history/write-history.ts'
import { laneOffsetsForHead, laneOffsetsIn } from '../../state/lane-offsets.ts'
import { isAfter } from '../../state/lane-entries.ts'
import { waitingSegments } from '../../state/lane-reader.ts'
import type { Manifest } from '../../state/manifest.ts'
import type { Offsets } from '../../state/offsets.ts'
import { segmentKeys } from '../../state/segments.ts'
import { type WaitingLane, waitingLanes } from '../../state/waiting-records.ts'
import { loadBatchInput } from '../driver/batch-input.ts'
import { lastManifest, manifestsToKeep } from '../driver/last-manifest.ts'
import { withRetries } from '../retry.ts'
import { sharedNow } from '../store-time.ts'
import {
  type Operated,
  readFreeHead,
  refusal,
  replaceManifest,
  retryWhileChanged,
} from './operated.ts'

/** A source that was given up. */
export interface SkippedSource {
  /** The id of the source node. */
  readonly source: string
  /** Number of records and notifications that no batch will take. */
  readonly records: number
  /** What waited, in words. */
  readonly held: readonly string[]
}

/**
 * Gives up what waits of a source.
 *
 * @throws MillraceError `COMMAND_REFUSED` when nothing has run, when the store knows no such
 * source, when a batch is logged that reads it, or while an attempt holds the lease.
 */
export const skipSource = async (operated: Operated, source: string): Promise<SkippedSource> => {
  const { store, app, clock } = operated
  const head = await readFreeHead(operated)
  const [before, lanes] = await retryWhileChanged(operated, head, async () => {
    const last = await lastManifest(operated, head)
    const offsets = laneOffsetsIn(last.offsets)
    const waiting = await withRetries(clock, () => waitingLanes(store, app, source, offsets))
    await checkSource(operated, head, { source, before: last, lanes: waiting })
    return [last, waiting] as const
  })
  const now = before.offsets[source] ?? {}
  const after = atTails(now, lanes)
  const manifest: Manifest = {
    ...before,
    offsets: { ...before.offsets, [source]: after },
    inputs: without(before.inputs, source),
    elements: without(before.elements, source),
    previous: manifestsToKeep(before, head.manifest),
  }
  const changes = {
    status: head.status,
    doneMs: head.doneMs,
    offsets: laneOffsetsForHead(store, manifest),
    logged: head.logged,
    reason: head.reason,
  }
  await replaceManifest(operated, head, manifest, changes, undefined)
  await deleteBlocks(operated, lanes)
  return note(operated, head, skippedOf(source, now, lanes))
}

interface Found {
  readonly source: string
  readonly before: Manifest
  readonly lanes: readonly WaitingLane[]
}

const checkSource = async (
  { store, app }: Operated,
  { logged }: Head,
  { source, before, lanes }: Found,
): Promise<void> => {
  if (lanes.length === 0 && before.offsets[source] === undefined && !isNamed(before, source))
    throw refusal(
      'The store knows no source of this id',
      source,
      Object.keys(before.offsets).join(', ') || 'none',
      'see the ids with millrace status',
    )
  if (logged === undefined) return
  const { sources, timeMs } = await loadBatchInput(store, app, logged.input)
  if (sources[source] !== undefined)
    throw refusal(
      `The batch at ${timeMs} ms is not finished, and it reads the source`,
      source,
      'a source that no unfinished batch reads',
      'let the earlier pipeline finish the batch, or skip it first: millrace skip',
    )
}

const isNamed = ({ inputs = {}, elements = {} }: Manifest, source: string): boolean =>
  inputs[source] !== undefined || elements[source] !== undefined

const without = (
  all: Readonly<Record<string, string>> = {},
  source: string,
): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(all).filter(([id]) => id !== source))

/** Everything that is there counts as consumed. Other parts of the offsets stay. */
const atTails = (offsets: Offsets, lanes: readonly WaitingLane[]): Offsets => {
  const { listing, lanes: before = {} } = offsets
  const tails = lanes.map(({ lane: { lane, tail } }) => {
    const offset = before[lane]
    return [lane, offset !== undefined && isAfter(offset, tail) ? offset : tail] as const
  })
  return {
    ...offsets,
    lanes: { ...before, ...Object.fromEntries(tails) },
    ...(listing === undefined ? {} : { listing: { ...listing, pending: [] } }),
  }
}

const skippedOf = (
  source: string,
  { listing }: Offsets,
  lanes: readonly WaitingLane[],
): SkippedSource => {
  const pending = listing?.pending.length ?? 0
  return {
    source,
    records: lanes.reduce((total, { count }) => total + count, pending),
    held: [
      ...lanes
        .filter(({ count }) => count > 0)
        .map(({ lane: { lane, tail }, first, count }) => {
          const range = `positions ${first?.first} to ${tail} of lane ${lane}`
          return `${count} records of ${source}: ${range}`
        }),
      ...(pending === 0 ? [] : [`${pending} objects of ${source} that no batch had taken`]),
    ],
  }
}

/** Best effort: what is left is garbage that nothing names. */
const deleteBlocks = async (
  { store, app }: Operated,
  lanes: readonly WaitingLane[],
): Promise<void> => {
  try {
    for (const { lane, offset } of lanes)
      for await (const segments of waitingSegments({ store, app }, lane, offset))
        await store.deleteAll(segments.flatMap((ref) => segmentKeys(app, ref)))
  } catch {
    // The offsets are after these blocks, so the source is given up.
  }
}

/** Notes in the history what was given up, at the time of the command. Best effort. */
const note = async (
  { store, app, clock }: Operated,
  { epoch }: Head,
  skipped: SkippedSource,
): Promise<SkippedSource> => {
  const { records, held } = skipped
  await noteBatch(store, app, () => ({
    timeMs: sharedNow(store, clock),
    status: 'skipped',
    attempt: 0,
    records,
    bytes: 0,
    objects: 0,
    deadLetters: 0,
    expired: 0,
    lost: 0,
    processingMs: 0,
    held: held.join('; '),
    reason: {
      code: 'SOURCE_GIVEN_UP',
      message: `the source ${skipped.source} was given up, after epoch ${epoch}`,
    },
  }))
  return skipped
}
