/**
 * Keeps what the tasks of a long batch have given, so that the next invocation goes on from there.
 *
 * - Only tasks that begin in a source are kept, and whose results are plain data: what they give
 *   follows from the logged input and the plan alone. So it does not matter who has computed it
 *   (B3). What they have put aside and counted is kept with it.
 * - Before a task begins, its stage asks whether the invocation is about to end. If so, and if
 *   there is more to keep than when the attempt began, all stages stop between two tasks.
 * - Without anything new to keep, the attempt goes on, and the platform ends it: an attempt without
 *   progress counts as one (B9).
 * - A stage that is done is kept at its end, before any function of the user gets its results, and
 *   may change them. That costs work, so it is done only in attempts that have run for a while.
 *
 * Nothing is written here: see hand-on.ts. For one stage see stage-keeping.ts.
 */
import type { Clock } from '../../ports/clock.ts'
import { type Stage, stageKey } from '../../rdd/tasks.ts'
import { type KeptStage, keptCount } from '../../state/kept-tasks.ts'
import { type NamedSegment, packRef, type ReadSegment } from '../../state/segments.ts'
import type { Invocation } from './invocation.ts'
import type { ReadingTap } from './reading-tap.ts'
import type { BatchSpread } from './spread-stage.ts'

/** This share of an invocation is left to write what is kept. */
const RESERVE_SHARE = 1 / 10

/** A stage is kept at its end when the attempt has run for this share of an invocation. */
const LONG_SHARE = 1 / 8

/** Thrown through the graph of a batch to end its attempt, when its results are kept. */
export class HandingOn extends Error {
  override readonly name = 'HandingOn'
}

/** What a keeper needs of its attempt. */
export interface TaskKeeperParts extends Pick<BatchSpread, 'putAside' | 'count' | 'adds'> {
  readonly clock: Pick<Clock, 'now'>
  /** Left out: this process may run for ever, and hands nothing on. */
  readonly invocation?: Invocation | undefined
  /** What earlier attempts have kept, and is true for this one. */
  readonly kept: readonly KeptStage[]
  /** How many bytes the names of what is kept may have. */
  readonly namesBytesMax: number
  /** The number of tasks that this deployment has kept. Only with more there is progress. */
  readonly mostTasks: number
  /** Whether more outputs are done than when the attempt began. */
  readonly hasNewOutputs: () => boolean
  readonly tap: ReadingTap
  readonly read: ReadSegment
  /** Names what is kept. Each call gives another name. */
  readonly name: (bytes: Uint8Array) => NamedSegment
}

/** See the head of this file. It lives as long as an attempt. */
export class TaskKeeper {
  readonly parts: TaskKeeperParts
  readonly #startMs: number
  readonly #kept: Map<string, KeptStage>
  readonly #segments = new Map<string, NamedSegment>()
  readonly #seen = new Map<string, number>()
  #longestMs = 0
  #mostTasks: number
  #isOver = false

  constructor(parts: TaskKeeperParts) {
    this.parts = parts
    this.#mostTasks = parts.mostTasks
    this.#startMs = parts.clock.now()
    this.#kept = new Map(parts.kept.map((one) => [one.stage, one]))
  }

  /** Whether the attempt ends without a commit, because it hands on. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** A stage is about to run. Gives what is kept of it. */
  begin(stage: Stage): KeptStage | undefined {
    const kept = this.#kept.get(stageKey(stage))
    this.#seen.set(stageKey(stage), stage.count)
    return kept?.count === stage.count ? kept : undefined
  }

  /** @throws HandingOn when the attempt is over, whatever has become of an earlier throw. */
  check(): void {
    if (this.#isOver) throw new HandingOn()
  }

  /** Between two outputs. @throws HandingOn when the attempt is over, or must be now. */
  checkTime(): void {
    if (this.isNearEnd) this.stopWithProgress()
    this.check()
  }

  /** All stages stop now, if there is something new to keep. */
  stopWithProgress(): void {
    this.#isOver ||= this.hasProgress
  }

  get hasProgress(): boolean {
    const tasks = keptCount(this.stages.map(([kept]) => kept))
    return tasks > this.#mostTasks || this.parts.hasNewOutputs()
  }

  /** Whether there is only time left to write what is kept. */
  get isNearEnd(): boolean {
    return this.#leftMs < this.#reserveMs + this.#longestMs
  }

  /** Whether no more can be waited for. */
  get isUrgent(): boolean {
    return this.#leftMs < this.#reserveMs / 2
  }

  /** Whether this attempt has run for so long that it would be a loss to begin again. */
  get isLong(): boolean {
    const { clock, invocation } = this.parts
    return clock.now() - this.#startMs >= (invocation?.timeoutMs ?? Infinity) * LONG_SHARE
  }

  /** A task has taken so long. The next one may take as long. */
  took(durationMs: number): void {
    this.#longestMs = Math.max(this.#longestMs, durationMs)
  }

  keep(one: Omit<KeptStage, 'ref'>, segment: NamedSegment): void {
    this.#kept.set(one.stage, { ...one, ref: packRef(segment.ref) })
    this.#segments.set(one.stage, segment)
  }

  /** What is kept of a stage cannot be read. It counts no more. */
  forget({ stage, tasks }: KeptStage): void {
    this.#kept.delete(stage)
    this.#mostTasks -= tasks
  }

  /**
   * What is kept, with its segment where this attempt has made it. The head stays small: where a
   * plan has very many stages, only those with the most tasks are kept.
   */
  get stages(): readonly (readonly [kept: KeptStage, segment: NamedSegment | undefined])[] {
    let room = this.parts.namesBytesMax
    return [...this.#kept.values()]
      .toSorted((a, b) => b.tasks - a.tasks)
      .filter((one) => (room -= JSON.stringify(one).length) >= 0)
      .map((one) => [one, this.#segments.get(one.stage)])
  }

  /** The number of tasks of the stages that have begun and are not done. */
  get tasksLeft(): number {
    const left = [...this.#seen].map(([key, count]) => count - (this.#kept.get(key)?.tasks ?? 0))
    return left.reduce((total, one) => total + one, 0)
  }

  get #leftMs(): number {
    return this.parts.invocation?.remainingMs() ?? Infinity
  }

  get #reserveMs(): number {
    return (this.parts.invocation?.timeoutMs ?? 0) * RESERVE_SHARE
  }
}
