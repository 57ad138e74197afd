/**
 * One stage while it runs, in an attempt that may have to hand on: what is kept of it, whether it
 * must stop, and what it keeps then.
 */
import { decode, encode } from '../../base/codec.ts'
import { codeOf } from '../../base/errors.ts'
import { type Stage, stageKey, type StageStop } from '../../rdd/tasks.ts'
import { type KeptStage, keptRef } from '../../state/kept-tasks.ts'
import type { ReadSegment } from '../../state/segments.ts'
import { packResult, resultIn } from './columns.ts'
import type { Noted } from './reading-tap.ts'
import type { TaskKeeper } from './task-keeper.ts'
import type { DoneAnswer } from './task-request.ts'

/** More is not kept: to encode and write it would take too much memory and time. */
const KEPT_BYTES_MAX = 256 * 1024 * 1024

/** What is kept is a copy of what can be computed. So its loss is none. */
const UNREADABLE: ReadonlySet<string> = new Set(['SEGMENT_MISSING', 'SEGMENT_CORRUPT'])

/** See the head of this file. */
export class StageKeeping implements StageStop {
  readonly #keeper: TaskKeeper
  readonly #stage: Stage
  readonly #kept: KeptStage | undefined
  readonly #noted: Noted
  /** The results of the tasks before this one are taken from what is kept. */
  #from = 0
  #isUnfit = false

  constructor(keeper: TaskKeeper, stage: Stage) {
    this.#keeper = keeper
    this.#stage = stage
    this.#kept = keeper.begin(stage)
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
    const { read, putAside, count, adds } = this.#keeper.parts
    const kept = this.#kept as KeptStage
    const answer = await this.#read(read, kept)
    if (answer === undefined) return
    for (const one of answer.deadLetters) putAside(one)
    for (const part of answer.counted) count(part)
    for (const one of answer.adds ?? []) adds?.put(one)
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
