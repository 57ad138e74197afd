/**
 * Runs past batches again, with the code at hand, on a copy of the state as it was before them.
 *
 *   source: snapshot, log, blocks --copy--> copy: head, state --attempt--> caught outputs
 *                                            ^      one batch after the other      |
 *                                            +---------------- commit -------------+
 *
 * - The application is only read. The copy is another store, and outputs are caught.
 * - Each batch has the input that it had (B2): no source is asked what there is.
 * - An attempt is that of the driver, so a replay computes what a deployment would have computed.
 */
import type { ItemStore } from '../../ports/item-store.ts'
import { gridTimeAtOrAfter } from '../../base/batch-time.ts'
import type { Head } from '../../state/head.ts'
import { LiveState } from '../../state/live-state.ts'
import type { ReplayNote } from '../../state/replay-log.ts'
import { readSegment, type SegmentRef } from '../../state/segments.ts'
import { compose, type CompositionParts } from '../compose.ts'
import { checkStates, nextGeneration } from '../driver/adopt.ts'
import { attemptBatch, type AttemptWorld } from '../driver/attempt.ts'
import { broadcastSegments } from '../../state/broadcasts.ts'
import { type BatchInput, loadBatchInput } from '../driver/batch-input.ts'
import { Garbage } from '../driver/garbage.ts'
import { lastManifest } from '../driver/last-manifest.ts'
import { LeftLanes } from '../driver/left-lanes.ts'
import { sourcesOf } from '../driver/read-records.ts'
import { wake } from '../driver/rest.ts'
import { SnapshotReader } from '../driver/snapshot-reader.ts'
import type { Before } from '../driver/write-states.ts'
import { refusal } from '../operations/operated.ts'
import type { Runner } from '../runner.ts'
import { type Catching, catchOutputs } from './capture.ts'
import { copyState, headOfCopy, writeTails } from './copied-state.ts'
import { copySegment, withLedgersOf } from './copy-store.ts'
import { Heard, type ReplayedBatch } from './heard.ts'
import type { ReplayStart } from './replay-range.ts'

/** What a replay is composed of. */
export interface ReplayParts extends Pick<
  CompositionParts,
  'plan' | 'ports' | 'locations' | 'locateOutput' | 'logSettings'
> {
  /** The store of the application. Nothing is written to it. The store of `ports` is the copy. */
  readonly source: ItemStore
  readonly start: ReplayStart
  readonly catching: Pick<Catching, 'runForeach' | 'isWritten'>
}

/** A file may be gone between two looks at it. The second attempt looks at all files first. */
const ATTEMPTS_MAX = 2

/** Runs batches again, one after another. */
export class Replay {
  readonly #parts: ReplayParts
  readonly #runner: Runner
  readonly #world: AttemptWorld
  readonly #heard: Heard
  #before: Before | undefined

  private constructor(parts: ReplayParts, runner: Runner, heard: Heard) {
    this.#parts = parts
    this.#runner = runner
    this.#heard = heard
    this.#world = {
      runner,
      snapshots: new SnapshotReader(runner),
      garbage: new Garbage(runner.store, runner.app),
      leftLanes: new LeftLanes(),
      hasRested: false,
      aheadOfClock: true,
    }
  }

  /**
   * Copies the state.
   *
   * @throws MillraceError `PLAN_INCOMPATIBLE` when the state does not fit the plan; the errors of
   * `compose`.
   */
  static async open(parts: ReplayParts): Promise<Replay> {
    const { start, source, ports } = parts
    const heard = new Heard()
    const plan = catchOutputs(parts.plan, { ...parts.catching, caught: heard.caught })
    const app = plan.name
    const generation = nextGeneration(start.head, plan, 0)
    const { runner } = await compose({
      ...parts,
      plan,
      generation,
      ports: { ...ports, store: withLedgersOf(source, ports.store, app) },
      listen: heard.listen,
      leaseMs: 0,
    })
    const head = headOfCopy(start, plan, generation)
    checkStates(runner, head, start.manifest)
    const by = runner.randomness.attemptId()
    await copyState(source, ports.store, app, { start, head, by })
    return new Replay(parts, runner, heard)
  }

  /**
   * Runs a batch again.
   *
   * @throws MillraceError what the batch fails with.
   */
  async run(note: ReplayNote): Promise<ReplayedBatch> {
    const { timeMs } = note
    this.#checkTime(timeMs)
    const input = await loadBatchInput(this.#parts.source, this.#runner.app, note.input)
    await this.#copyBlocks(input)
    this.#heard.begin(this.#unknownSources(input))
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      if (await this.#attempt(input)) return this.#heard.batch(timeMs)
    }
    throw this.#heard.error(timeMs)
  }

  /** A plan with another interval computes nothing at times that are not its own. */
  #checkTime(timeMs: number): void {
    const { zeroMs } = this.#parts.start.head
    const { intervalMs } = this.#runner.plan.options
    if (gridTimeAtOrAfter(timeMs, zeroMs, intervalMs) === timeMs) return
    throw refusal(
      'The batches came at other times than the batch interval of the module has',
      `a batch at ${new Date(timeMs).toISOString()}, and an interval of ${intervalMs} ms`,
      'an interval that divides that of the batches',
      'replay with the interval that the application had',
    )
  }

  /** Ends the replay. The copy can go on with sources of its own. */
  async close(): Promise<void> {
    const { store } = this.#parts.ports
    const { app, outputs, randomness } = this.#runner
    const { offsets = {} } = this.#before?.manifest ?? {}
    await writeTails(store, app, offsets, randomness.attemptId())
    await outputs.close()
  }

  /** Whether the batch is committed. */
  async #attempt(given: BatchInput): Promise<boolean> {
    const { heads, clock } = this.#runner
    let head = (await heads.read()) as Head
    if (head.status === 'rest') {
      await wake(heads, head, given.timeMs)
      head = (await heads.read()) as Head
    }
    const before = this.#before ?? (await this.#loadState(head))
    this.#before = undefined
    // The first attempt may have logged a smaller input.
    const input = head.logged === undefined ? given : await this.#loggedInput(head.logged.input)
    const { after } = await attemptBatch(this.#world, head, before, input, clock.now())
    this.#before = after
    return after?.manifest.timeMs === given.timeMs
  }

  #loggedInput(stored: string | SegmentRef): Promise<BatchInput> {
    return loadBatchInput(this.#runner.store, this.#runner.app, stored)
  }

  async #loadState(head: Head): Promise<Before> {
    const { store, app, plan, logSettings } = this.#runner
    const manifest = await lastManifest(this.#runner, head)
    const read = (ref: SegmentRef): Promise<Uint8Array> => readSegment(store, app, ref)
    const state = await LiveState.load(plan, manifest, read, { log: logSettings })
    return { manifest, manifestRef: head.manifest, state }
  }

  /** With its broadcast values. What is gone is found when the batch is read, and said then. */
  async #copyBlocks(input: BatchInput): Promise<void> {
    const { source, ports } = this.#parts
    for (const one of sourcesOf(this.#runner, input))
      for (const ref of one.source.blocks(one.taken))
        await copySegment(source, ports.store, this.#runner.app, ref)
    for (const ref of broadcastSegments(input.broadcasts))
      await copySegment(source, ports.store, this.#runner.app, ref)
  }

  #unknownSources({ sources }: BatchInput): readonly string[] {
    const known = new Set(this.#runner.plan.sources.map(({ id }) => id))
    return Object.entries(sources).flatMap(([id, { records, objects }]) =>
      known.has(id) || records + objects === 0
        ? []
        : [`${id} is not in it: the module has no source of this id`],
    )
  }
}
