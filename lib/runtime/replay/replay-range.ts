/**
 * Which batches can run again: those whose inputs are in the replay log, from a snapshot of the
 * state on. A snapshot is a manifest that is kept. Before the first batch ever, the state is empty.
 */
import { allOrFirstError } from '../../base/concurrency.ts'
import { isMillraceError } from '../../base/errors.ts'
import { leastOf } from '../../base/extremes.ts'
import { type Head, HeadStore } from '../../state/head.ts'
import { emptyManifest, type Manifest, readManifest } from '../../state/manifest.ts'
import { followsOn, readReplayLog, type ReplayNote } from '../../state/replay-log.ts'
import type { SegmentRef } from '../../state/segments.ts'
import type { StoredApp } from '../driver/last-manifest.ts'
import { refusal } from '../operations/operated.ts'

/** Batch times, both ends included. */
export interface TimeRange {
  readonly fromMs: number
  readonly toMs: number
}

/** The state from which a replay starts. */
export interface ReplayStart {
  readonly head: Head
  /** The state before the first batch. */
  readonly manifest: Manifest
  /** The attempt that made it. Undefined: nothing had run before. */
  readonly by: string | undefined
}

/** Finds batches that can run again. */
export class ReplayRange {
  readonly start: ReplayStart
  readonly #app: StoredApp
  readonly #range: TimeRange

  private constructor(app: StoredApp, start: ReplayStart, range: TimeRange) {
    this.#app = app
    this.start = start
    this.#range = range
  }

  /**
   * Finds the last snapshot before the first batch of a range.
   *
   * @throws MillraceError `COMMAND_REFUSED` when nothing of the range can be replayed. It says what
   * can.
   */
  static async find(app: StoredApp, range: TimeRange): Promise<ReplayRange> {
    const head = await new HeadStore(app.store, app.app).read()
    if (head?.manifest === undefined) throw nothingKept(app.app, undefined)
    const last = await readManifest(app.store, app.app, head.manifest)
    const first = await firstNote(app, { fromMs: 0, toMs: head.doneMs }, head, last)
    if (first === undefined) throw nothingKept(app.app, last)
    const older = await allOrFirstError(
      last.previous.map(async (ref) => {
        const manifest = await manifestIfThere(app, ref)
        return manifest === undefined ? [] : [{ head, manifest, by: ref.by }]
      }),
    )
    const { timeMs, keptForReplayMs = 0 } = last
    // Notes are there for longer than inputs.
    const isFromEmpty = first.before === undefined && first.timeMs > timeMs - keptForReplayMs
    const known = [
      { head, manifest: last, by: head.manifest.by },
      ...older.flat(),
      ...(isFromEmpty ? [{ head, manifest: emptyManifest(head.zeroMs), by: undefined }] : []),
    ]
    const begin = await firstNote(app, range, head, last)
    if (begin === undefined) throw outside(range, known, head.doneMs)
    const start = known.find(({ manifest }) => manifest.timeMs < begin.timeMs)
    if (start === undefined) throw outside(range, known, head.doneMs)
    return new ReplayRange(app, start, range)
  }

  /**
   * The batches from the snapshot to the end of the range, the oldest first. Ends early where
   * something else than a batch came between.
   */
  async *notes(): AsyncGenerator<ReplayNote, { readonly brokenMs: number } | undefined> {
    const { start } = this
    const { store, app } = this.#app
    const { doneMs, manifest } = start.head
    let by = start.by
    let waiting: ReplayNote | undefined
    for await (const note of readReplayLog(store, app, {
      fromMs: start.manifest.timeMs + 1,
      toMs: doneMs,
    })) {
      const isNext = waiting === undefined ? note.before === by : followsOn(note, by)
      if (!isNext) return { brokenMs: (waiting ?? note).timeMs }
      // Only the batch after it shows that an attempt was committed.
      if (waiting !== undefined) yield waiting
      if (note.timeMs > this.#range.toMs) return undefined
      waiting = note
      by = note.attempt
    }
    if (waiting === undefined) return undefined
    const isCommitted = manifest?.by === by || manifest?.by === `${by}.1`
    if (!isCommitted) return { brokenMs: waiting.timeMs }
    yield waiting
    return undefined
  }
}

/** The application goes on, and may have deleted a manifest since the head was read. */
const manifestIfThere = async (
  { store, app }: StoredApp,
  ref: SegmentRef,
): Promise<Manifest | undefined> => {
  try {
    return await readManifest(store, app, ref)
  } catch (error) {
    if (isMillraceError(error) && error.code === 'SEGMENT_MISSING') return undefined
    throw error
  }
}

/** The first note in a range. Notes may be there for longer than what they name. */
const firstNote = async (
  { store, app }: StoredApp,
  { fromMs, toMs }: TimeRange,
  { zeroMs, doneMs }: Head,
  { keptForReplayMs = 0 }: Manifest,
): Promise<ReplayNote | undefined> => {
  // A replay log has no notes that are older, however long the application has existed.
  const beginMs = Math.max(fromMs, zeroMs, doneMs - 3 * keptForReplayMs - LONGER_MS)
  const range = { fromMs: beginMs, toMs: Math.min(toMs, doneMs) }
  for await (const note of readReplayLog(store, app, range)) return note
  return undefined
}

const LONGER_MS = 3 * 86_400_000

const nothingKept = (app: string, last: Manifest | undefined) =>
  refusal(
    `${app} keeps nothing that could be replayed`,
    last === undefined ? 'no batch has run' : `the last batch is ${timeOf(last.timeMs)}`,
    'an application that runs with keepForReplay',
    'set keepForReplay: hours(24) in the options of stream(), and run or deploy it: batches from ' +
      'then on can be replayed. See millrace help replay',
  )

const timeOf = (ms: number): string => new Date(ms).toISOString()

const outside = (
  { fromMs, toMs }: TimeRange,
  known: readonly Pick<ReplayStart, 'manifest'>[],
  doneMs: number,
) => {
  const beginMs = leastOf(known.map(({ manifest }) => manifest.timeMs))
  return refusal(
    'No batch of this range can be replayed',
    `${timeOf(fromMs)} to ${timeOf(toMs)}`,
    `batches after ${timeOf(beginMs)}, up to ${timeOf(doneMs)}`,
    'choose a range in it. For a longer one, set a longer keepForReplay in the options of stream()',
  )
}
