/**
 * Keeps what the tasks of a long batch have given, so that the next invocation goes on from there.
 *
 * - Only tasks that begin in a source are kept, and whose results are plain data: what they give
 *   follows from the logged input and the plan alone. So it does not matter who has computed it
 *   (B3). What they have put aside and counted is kept with it.
 * - Before a task begins, its stage asks whether the invocation is about to end. If so, and if there
 *   is more to keep than when the attempt began, all stages stop between two tasks.
 * - Without anything new to keep, the attempt goes on, and the platform ends it: an attempt without
 *   progress counts as one (B9).
 * - A stage that is done is kept at its end, before any function of the user gets its results, and
 *   may change them. That costs work, so it is done only in attempts that have run for a while.
 *
 * Nothing is written here: see hand-on.ts.
 */
import { decode, encode } from '../../base/codec.ts'
import { codeOf } from '../../base/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import { type Stage, stageKey } from '../../rdd/tasks.ts'
import { type KeptStage, keptCount, keptRef } from '../../state/kept-tasks.ts'
import type { DeadLetter } from '../../state/dead-letters.ts'
import { type NamedSegment, packRef, type ReadSegment } from '../../state/segments.ts'
import type { ReadingListener } from '../driver/read-records.ts'
import type { CountedPart } from '../sources/source-reader.ts'
import { packResult, resultIn } from './columns.ts'
import type { BatchSpread } from './spread-stage.ts'
import type { DoneAnswer } from './task-request.ts'

/** The call of a function in which batches run. */
export interface Invocation {
  readonly timeoutMs: number
  /** When the platform ends it. */
  readonly endMs: () => number
}

/** This share of an invocation is left to write what is kept. */
const RESERVE_SHARE = 1 / 10

/** A stage is kept at its end when the attempt has run for this share of an invocation. */
const LONG_SHARE = 1 / 8

/** More is not kept: to encode and write it would take too much memory and time. */
const KEPT_BYTES_MAX = 256 * 1024 * 1024

/** What is kept is a copy of what can be computed. So its loss is none. */
const UNREADABLE: ReadonlySet<string> = new Set(['SEGMENT_MISSING', 'SEGMENT_CORRUPT'])

/** Thrown through the graph of a batch to end its attempt, when its results are kept. */
export class HandingOn extends Error {
  override readonly name = 'HandingOn'
}

/** What a stage has put aside and counted. */
interface Noted {
  readonly deadLetters: DeadLetter[]
  readonly counted: CountedPart[]
}

/** Tells stages that run what is put aside and counted meanwhile. */
export class ReadingTap implements ReadingListener {
  readonly #open = new Set<Noted>()

  /** Takes everything from now on. With two stages at once, each takes also what the other has. */
  open(): Noted {
    const noted: Noted = { deadLetters: [], counted: [] }
    this.#open.add(noted)
    return noted
  }

  close(noted: Noted): void {
    this.#open.delete(noted)
  }

  readonly putAside = (deadLetter: DeadLetter): void => {
    for (const { deadLetters } of this.#open) deadLetters.push(deadLetter)
  }

  readonly counted = (part: CountedPart): void => {
    for (const { counted } of this.#open) counted.push(part)
  }
}

/** What a keeper needs of its attempt. */
export interface TaskKeeperParts extends Pick<BatchSpread, 'putAside' | 'count'> {
  readonly clock: Pick<Clock, 'now'>
  /** Left out: this process may run for ever, and hands nothing on. */
  readonly invocation?: Invocation | undefined
  /** What earlier attempts have kept, and is true for this one. */
  readonly kept: readonly KeptStage[]
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

  /** A stage that is about to run. */
  begin(stage: Stage): StageKeeping {
    this.#seen.set(stageKey(stage), stage.count)
    return new StageKeeping(this, stage, this.#kept.get(stageKey(stage)))
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
    return keptCount(this.#kept.values()) > this.#mostTasks || this.parts.hasNewOutputs()
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

  /** What is kept, with its segment where this attempt has made it. The most valuable first. */
  get stages(): readonly (readonly [kept: KeptStage, segment: NamedSegment | undefined])[] {
    return [...this.#kept.values()]
      .toSorted((a, b) => b.tasks - a.tasks)
      .map((one) => [one, this.#segments.get(one.stage)])
  }

  /** The number of tasks of the stages that have begun and are not done. */
  get tasksLeft(): number {
    const left = [...this.#seen].map(([key, count]) => count - (this.#kept.get(key)?.tasks ?? 0))
    return left.reduce((total, one) => total + one, 0)
  }

  get #leftMs(): number {
    const { clock, invocation } = this.parts
    return invocation === undefined ? Infinity : invocation.endMs() - clock.now()
  }

  get #reserveMs(): number {
    return (this.parts.invocation?.timeoutMs ?? 0) * RESERVE_SHARE
  }
}

/** One stage while it runs. */
export class StageKeeping {
  readonly #keeper: TaskKeeper
  readonly #stage: Stage
  readonly #kept: KeptStage | undefined
  readonly #noted: Noted
  /** The results of the tasks before this one are taken from what is kept. */
  #from = 0
  #isUnfit = false

  constructor(keeper: TaskKeeper, stage: Stage, kept: KeptStage | undefined) {
    this.#keeper = keeper
    this.#stage = stage
    this.#kept = kept?.count === stage.count ? kept : undefined
    this.#noted = keeper.parts.tap.open()
  }

  /** Whether an earlier attempt has kept something of this stage. */
  get isKept(): boolean {
    return this.#kept !== undefined
  }

  /** The first task that is to run. */
  get from(): number {
    return this.#from
  }

  /** Takes what is kept. What cannot be read is computed again. */
  async restore(): Promise<void> {
    const { read, putAside, count } = this.#keeper.parts
    const kept = this.#kept as KeptStage
    const answer = await this.#read(read, kept)
    if (answer === undefined) return
    for (const one of answer.deadLetters) putAside(one)
    for (const part of answer.counted) count(part)
    await this.#stage.take(resultIn(answer.data))
    this.#from = kept.tasks
  }

  /** Whether the next task must not begin. `taken`: the tasks whose results are taken. */
  isOver(taken: number): boolean {
    const keeper = this.#keeper
    if (keeper.isOver) return true
    return !this.#isUnfit && keeper.isNearEnd && (taken > this.#from || keeper.hasProgress)
  }

  /** See {@link TaskKeeper.isUrgent}. */
  get isUrgent(): boolean {
    return this.#keeper.isUrgent
  }

  /** See {@link TaskKeeper.took}. */
  took(durationMs: number): void {
    this.#keeper.took(durationMs)
  }

  /**
   * Stops the stage. Returns if nothing can be kept: then it goes on.
   *
   * @throws HandingOn
   */
  stop(taken: number): void {
    this.#keep(taken)
    this.#keeper.stopWithProgress()
    this.#isUnfit = !this.#keeper.isOver
    this.#keeper.check()
  }

  /** All results are taken. */
  done(): void {
    if (this.#keeper.isLong || this.#from > 0) this.#keep(this.#stage.count)
  }

  /** The stage has ended, whether it is done or not. */
  close(): void {
    this.#keeper.parts.tap.close(this.#noted)
  }

  #keep(tasks: number): void {
    if (tasks === this.#from || this.#keeper.parts.invocation === undefined) return
    const bytes = this.#encode()
    if (bytes === undefined || bytes.byteLength > KEPT_BYTES_MAX) return
    const { count } = this.#stage
    this.#keeper.keep(
      { stage: stageKey(this.#stage), tasks, count },
      this.#keeper.parts.name(bytes),
    )
  }

  /** Undefined: it has values that cannot be stored. */
  #encode(): Uint8Array | undefined {
    const { side, takenSoFar } = this.#stage
    try {
      const data = packResult(side, takenSoFar?.())
      return encode({ kind: 'done', data, ...this.#noted } satisfies DoneAnswer)
    } catch (error) {
      if (codeOf(error, 'BATCH_FAILED') === 'VALUE_UNSUPPORTED') return undefined
      throw error
    }
  }

  async #read(read: ReadSegment, kept: KeptStage): Promise<DoneAnswer | undefined> {
    try {
      return decode(await read(keptRef(kept))) as DoneAnswer
    } catch (error) {
      if (!UNREADABLE.has(codeOf(error, 'BATCH_FAILED'))) throw error
      this.#keeper.forget(kept)
      return undefined
    }
  }
}
