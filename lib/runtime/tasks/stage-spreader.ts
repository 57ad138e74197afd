/** Decides which stages are spread over the executors of this process, and learns from refusals. */
import type { Clock } from '../../ports/clock.ts'
import type { Executors } from '../../ports/executors.ts'
import { type Stage, stageKey, type StageName } from '../../rdd/tasks.ts'
import type { Listener } from '../events.ts'
import { type BatchSpread, type SpreadParts, spreadStage } from './spread-stage.ts'
import { decodeAnswer, type MovedAnswer, type Refusal, type StateRequest } from './task-request.ts'

/** Executors, and what they need of this process. */
export interface SpreaderParts {
  readonly executors: Executors
  readonly clock: Clock
  readonly listen: Listener
}

/**
 * Executors that have refused are asked again after this time. A deployment changes one function
 * after the other, and the driver may be called before the last one. A value that cannot be sent
 * may have been the only one.
 */
const REFUSED_MS = 60_000

/** An executor that has to read a large state may need a while. One that hangs is given up. */
const STATE_MS_MAX = 60_000

/** Waits until a time has passed by the clock, or the signal is aborted. */
const passed = async (
  clock: Clock,
  durationMs: number,
  signal: AbortSignal,
): Promise<undefined> => {
  const endMs = clock.now() + durationMs
  while (!signal.aborted && clock.now() < endMs) await clock.sleep(endMs - clock.now(), signal)
}

/** The moves of a state, as a name among those of stages. */
const stateName = (node: string): StageName => ({ node, side: 'state', number: 1 })

/** See the head of this file. It lives as long as the process. */
export class StageSpreader {
  readonly #parts: SpreaderParts
  /** Until when the tasks of a stage run here, because executors could not give its results. */
  readonly #unfitUntilMs = new Map<string, number>()
  /** Executors have other code than this process. Until then, they are left alone. */
  #apartUntilMs = 0
  /** Until when an executor that gave no answer gets no states. */
  readonly #lostUntilMs = new Map<number, number>()
  #warned = ''

  constructor(parts: SpreaderParts) {
    this.#parts = parts
  }

  /** Whether the executors take tasks of this stage. */
  takes(stage: StageName): boolean {
    const nowMs = this.#parts.clock.now()
    return nowMs >= this.#apartUntilMs && nowMs >= (this.#unfitUntilMs.get(stageKey(stage)) ?? 0)
  }

  /** How many executors there are. */
  get count(): number {
    return this.#parts.executors.count
  }

  /** The name of an executor that is a function. Undefined: it is none. */
  nameOf(executor: number): string | undefined {
    return this.#parts.executors.names?.[executor]
  }

  /** Whether an executor takes partitions of the state of a node. */
  takesState(node: string, executor: number): boolean {
    const isLost = this.#parts.clock.now() < (this.#lostUntilMs.get(executor) ?? 0)
    return !isLost && this.takes(stateName(node))
  }

  /**
   * Moves a partition of a state in an executor. Undefined: it gave nothing, and is not asked for
   * states for a while, since it would have to read them again and again.
   */
  async move(
    executor: number,
    request: StateRequest,
    data: Uint8Array,
    signal: AbortSignal,
  ): Promise<MovedAnswer | undefined> {
    const { executors, clock } = this.#parts
    const isOver = new AbortController()
    const lose = (message: string): void => {
      this.#lostUntilMs.set(executor, clock.now() + REFUSED_MS)
      this.#noResult(stateName(request.node), { executor, why: 'lost', message })
    }
    try {
      const answered = executors.run(
        executor,
        request,
        AbortSignal.any([signal, isOver.signal]),
        data,
      )
      const bytes = await Promise.race([answered, passed(clock, STATE_MS_MAX, isOver.signal)])
      if (bytes === undefined) answered.catch(() => undefined)
      const answer = bytes === undefined ? undefined : decodeAnswer(bytes)
      if (answer?.kind === 'moved') return answer
      if (answer === undefined) lose(`no answer within ${STATE_MS_MAX / 1_000} seconds`)
      else if (answer.kind === 'refused') {
        const { why, message } = answer
        this.#noResult(stateName(request.node), { executor, why, message })
      }
    } catch (error) {
      if (!signal.aborted) lose(error instanceof Error ? error.message : '')
    } finally {
      isOver.abort()
    }
    return undefined
  }

  /** Runs the tasks of a stage, or those from one on. Gives up to which one. */
  async run(
    stage: Stage,
    batch: BatchSpread,
    more: Pick<SpreadParts, 'given' | 'from' | 'stop'> = {},
  ): Promise<number> {
    const { executors, clock } = this.#parts
    await stage.admit?.()
    return spreadStage(stage, {
      ...batch,
      ...more,
      executors,
      clock,
      noResult: (executor, why, message) => this.#noResult(stage, { executor, why, message }),
    })
  }

  #noResult(
    stage: StageName,
    {
      executor,
      why,
      message,
    }: Readonly<{ executor: number; why: Refusal | 'lost'; message: string }>,
  ): void {
    // The driver runs the task again, and reports the error if there is one.
    if (why === 'failed') return
    const untilMs = this.#parts.clock.now() + REFUSED_MS
    if (why === 'unsupported' || why === 'unknown') this.#unfitUntilMs.set(stageKey(stage), untilMs)
    if (why === 'differs') this.#apartUntilMs = untilMs
    const text = REASONS[why](executor, stage.node)
    if (this.#warned === text) return
    this.#warned = text
    const code = why === 'lost' ? 'EXECUTOR_LOST' : 'EXECUTOR_REFUSED'
    this.#parts.listen({ event: 'warning', code, message: `${text}: ${message}` })
  }
}

const REASONS: Readonly<Record<Refusal | 'lost', (executor: number, node: string) => string>> = {
  lost: (executor) => `Executor ${executor} gave no answer. Its task runs in the driver`,
  differs: () =>
    'The executors have other code than the driver, so all tasks run in the driver for now',
  unknown: (_, node) =>
    `The executors do not know the tasks of ${node}, so they run in the driver for now`,
  changed: (executor) =>
    `Part of the batch has changed since the driver read it, as executor ${executor} finds. ` +
    'Its task runs in the driver',
  unsupported: (_, node) =>
    `Results of ${node} cannot be sent between processes, so its tasks run in the driver for now`,
  failed: (_, node) => `A task of ${node} failed`,
}
