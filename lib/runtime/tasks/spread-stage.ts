/**
 * Spreads the tasks of a stage over this process and its executors.
 *
 * Whoever is free takes the next task. Results are taken in the order of the tasks, as they come.
 * Nobody runs far ahead of the oldest task that is not taken, so that few results wait in memory.
 * A task that an executor does not give is run here. So is one that takes an executor very long:
 * the first result counts, and both are the same (B3).
 *
 * If the stage must stop, no task begins any more. Those that run end first, so that what they give
 * is taken: but not for longer than there is time.
 */
import { codeOf } from '../../base/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Executors } from '../../ports/executors.ts'
import type { PutAdds } from '../../rdd/adds/adds-table.ts'
import type { Stage, StageName, StageStop } from '../../rdd/tasks.ts'
import type { BeginCall } from '../listening/attempt-spans.ts'
import type { DeadLetter } from '../../state/dead-letters.ts'
import type { CountedPart } from '../sources/source-reader.ts'
import { resultIn } from './columns.ts'
import type { GivenElements } from './given.ts'
import {
  decodeAnswer,
  type DoneAnswer,
  type Refusal,
  type RefusedAnswer,
  type TaskBatch,
  type TaskRequest,
} from './task-request.ts'

/** What the stages of a batch have in common. */
export interface BatchSpread {
  readonly batch: TaskBatch
  /** Takes what executors have put aside. */
  readonly putAside: (deadLetter: DeadLetter) => void
  /** Counts what executors have read. */
  readonly count: (part: CountedPart) => void
  /** Takes what executors have added to accumulators. Left out: the plan has none. */
  readonly adds?: PutAdds | undefined
  /** Told when an executor has run a task. */
  readonly ranAway?: (stage: Pick<StageName, 'node' | 'side'>, executor: number) => void
  /** Begins the span of a call. Left out: nobody wants it. */
  readonly beginCall?: BeginCall | undefined
}

/** What spreading needs. */
export interface SpreadParts extends BatchSpread {
  readonly executors: Executors
  readonly clock: Clock
  /** What the tasks begin with. Left out: they begin in their source. */
  readonly given?: GivenElements | undefined
  /** The first task. Those before were run here, and taken. Default: 0. */
  readonly from?: number
  /** Whether the stage must stop, and whether it can still wait. Left out: it never must. */
  readonly stop?: (Pick<StageStop, 'isOver' | 'took'> & { readonly isUrgent: boolean }) | undefined
  /** Told when an executor gives no result. */
  readonly noResult: (executor: number, why: Refusal | 'lost', message: string) => void
}

/** So many tasks for each that computes may be done or running, and not taken. */
const AHEAD_EACH = 3

/** A task that takes so many times the longest one before is run here as well. */
const STRAGGLER_FACTOR = 3
const STRAGGLER_MS_MIN = 2_000

/** Who waits for an executor looks so often, at least, whether the stage must stop. */
const STOPPING_MS = 500

/** An executor without a result so often in a stage gets no more of its tasks. */
const LOSSES_MAX = 2

/** Runs the tasks of a stage. Gives the number of those whose results are taken: all, or fewer. */
export const spreadStage = (stage: Stage, parts: SpreadParts): Promise<number> =>
  new Spread(stage, parts).run()

class Spread {
  readonly #stage: Stage
  readonly #parts: SpreadParts
  readonly #aheadMax: number
  /** Results that wait. What came as columns stays so until it is taken: that is much less. */
  readonly #results = new Map<number, () => unknown>()
  /** When each task began that an executor has. */
  readonly #away = new Map<number, number>()
  readonly #again: number[] = []
  readonly #ending = new AbortController()
  #next = 0
  #taken = 0
  #isTaking = false
  #isStopping = false
  /** From then on nothing is taken: whoever has called goes on from there. */
  #hasEnded = false
  #taking: Promise<void> | undefined
  #longestMs = 0
  #failure: { readonly error: unknown } | undefined
  #change = Promise.withResolvers<void>()

  constructor(stage: Stage, parts: SpreadParts) {
    this.#stage = stage
    this.#parts = parts
    this.#aheadMax = AHEAD_EACH * (parts.executors.count + 1)
    this.#next = parts.from ?? 0
    this.#taken = this.#next
  }

  async run(): Promise<number> {
    const { count, tasksAtOnce } = this.#parts.executors
    // The first task is for this process, which takes the results.
    const here = this.#runHere()
    const away = Array.from({ length: count * tasksAtOnce }, (_, lane) =>
      this.#runAway(lane % count),
    )
    await here
    this.#hasEnded = true
    this.#ending.abort()
    this.#changed()
    // Nothing may run on when the stage has ended: a function may be frozen then.
    await Promise.all([...away, this.#taking])
    if (this.#failure !== undefined) throw this.#failure.error
    return this.#taken
  }

  get #isOver(): boolean {
    const isDone = this.#failure !== undefined || this.#taken === this.#stage.count
    return isDone || (this.#isStopping && this.#hasStopped)
  }

  get #hasFailedOrEnded(): boolean {
    return this.#failure !== undefined || this.#hasEnded
  }

  /** Nothing runs any more that would be taken. */
  get #hasStopped(): boolean {
    const isIdle = this.#away.size === 0 && !this.#isTaking
    return isIdle || this.#parts.stop?.isUrgent === true
  }

  /** The next task that nobody has. Undefined: there is none now. */
  #claim(): number | undefined {
    this.#isStopping ||= this.#parts.stop?.isOver(this.#taken) === true
    if (this.#isStopping || this.#isOver) return undefined
    const isNear = this.#next < this.#taken + this.#aheadMax
    return this.#next < this.#stage.count && isNear ? this.#next++ : undefined
  }

  async #runAway(executor: number): Promise<void> {
    for (let losses = 0; losses < LOSSES_MAX && !this.#isOver;) {
      const index = this.#claim()
      if (index === undefined) {
        if (this.#next === this.#stage.count || this.#isStopping) return
        await this.#change.promise
      } else if (await this.#askFor(index, executor)) losses = 0
      else losses += 1
    }
  }

  async #askFor(index: number, executor: number): Promise<boolean> {
    const { executors, clock, batch, given, noResult } = this.#parts
    const { node, side, number, count } = this.#stage
    const from = given === undefined ? {} : { given: given.node }
    const name = executors.names?.[executor]
    const call = this.#parts.beginCall?.(this.#stage, { executor, name, task: index })
    const stage = { node, side, number, count, index }
    const request: TaskRequest = { ...batch, ...stage, ...from, ...call?.request }
    const startMs = clock.now()
    this.#away.set(index, startMs)
    try {
      const data = given === undefined ? undefined : await given.of(index)
      const ask = () => executors.run(executor, request, this.#ending.signal, data)
      const answer = decodeAnswer(await (call?.within(ask) ?? ask()))
      if (answer.kind === 'done') {
        call?.end()
        this.#done(index, answer, clock.now() - startMs)
        this.#parts.ranAway?.(this.#stage, executor)
        return true
      }
      const { why, message } = answer as RefusedAnswer
      call?.end(`${why}: ${message}`)
      noResult(executor, why, message)
    } catch (error) {
      const why = codeOf(error, 'BATCH_FAILED') === 'VALUE_UNSUPPORTED' ? 'unsupported' : 'lost'
      const message = error instanceof Error ? error.message : ''
      call?.end(`${why}: ${message}`)
      if (!this.#isOver) noResult(executor, why, message)
    }
    if (this.#away.delete(index)) this.#again.push(index)
    this.#changed()
    return false
  }

  #done(index: number, answer: DoneAnswer, tookMs: number): void {
    this.#tookMs(tookMs)
    // If it was run here meanwhile, this one is dropped with all that belongs to it.
    if (!this.#away.delete(index)) return
    for (const one of answer.deadLetters) this.#parts.putAside(one)
    for (const part of answer.counted) this.#parts.count(part)
    for (const one of answer.adds ?? []) this.#parts.adds?.put(one)
    this.#keep(index, () => resultIn(answer.data))
  }

  #keep(index: number, result: () => unknown): void {
    this.#results.set(index, result)
    if (!this.#isTaking && !this.#hasEnded) this.#taking = this.#take()
  }

  /** Takes what is next, as far as it is there. */
  async #take(): Promise<void> {
    this.#isTaking = true
    try {
      while (!this.#hasFailedOrEnded && this.#results.has(this.#taken)) {
        const result = this.#results.get(this.#taken) as () => unknown
        this.#results.delete(this.#taken)
        await this.#stage.take(result())
        this.#taken += 1
        this.#changed()
      }
    } catch (error) {
      this.#fail(error)
    }
    this.#isTaking = false
  }

  async #runHere(): Promise<void> {
    const { clock } = this.#parts
    while (!this.#isOver) {
      const index = this.#nextHere()
      if (index === undefined) {
        await this.#wait()
        continue
      }
      const startMs = clock.now()
      try {
        const data = await this.#stage.pack(index)
        if (this.#isDone(index)) continue
        this.#away.delete(index)
        this.#keep(index, () => data)
      } catch (error) {
        this.#fail(error)
      }
      this.#tookMs(clock.now() - startMs)
    }
  }

  #nextHere(): number | undefined {
    const claimed = this.#isStopping ? undefined : (this.#again.shift() ?? this.#claim())
    return claimed ?? (this.#isStopping ? undefined : this.#straggler())
  }

  #tookMs(durationMs: number): void {
    this.#longestMs = Math.max(this.#longestMs, durationMs)
    this.#parts.stop?.took(durationMs)
  }

  #isDone(index: number): boolean {
    return index < this.#taken || this.#results.has(index)
  }

  /** A task that an executor has for too long, when there is nothing else to do. */
  #straggler(): number | undefined {
    const [index, startMs] = this.#oldestAway() ?? []
    if (index === undefined || startMs === undefined) return undefined
    return this.#parts.clock.now() - startMs >= this.#patienceMs ? index : undefined
  }

  #oldestAway(): readonly [number, number] | undefined {
    // In the order of their numbers: the first one is what taking waits for.
    return [...this.#away].toSorted(([a], [b]) => a - b)[0]
  }

  get #patienceMs(): number {
    return Math.max(STRAGGLER_MS_MIN, STRAGGLER_FACTOR * this.#longestMs)
  }

  /** Until something changes, or the oldest task away has taken too long. */
  async #wait(): Promise<void> {
    const oldest = this.#oldestAway()
    if (this.#isOver) return
    if (oldest === undefined) return this.#change.promise
    const { clock } = this.#parts
    const awake = new AbortController()
    const lookMs = this.#parts.stop === undefined ? Infinity : STOPPING_MS
    const patienceMs = this.#isStopping ? Infinity : oldest[1] + this.#patienceMs - clock.now()
    const leftMs = Math.max(1, Math.min(patienceMs, lookMs))
    await Promise.race([this.#change.promise, clock.sleep(leftMs, awake.signal)])
    awake.abort()
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#changed()
  }

  #changed(): void {
    this.#change.resolve()
    this.#change = Promise.withResolvers()
  }
}
