/**
 * Follows one attempt at a batch: when its outputs and stages run, for how long, and where. It is
 * for people alone: nothing in the batch depends on it, and it keeps a bounded number of entries.
 */
import type { Clock } from '../../ports/clock.ts'
import type { Stage, StageName } from '../../rdd/tasks.ts'
import type { AttemptSpans, BeginCall } from '../listening/attempt-spans.ts'
import type { BatchRecord, CutList, OutputRun, StageRun } from '../../state/history/batch-record.ts'

/** Of so many outputs and stages each. A function of the user may run any number of stages. */
const ENTRIES_MAX = 256
const ERROR_CHARACTERS_MAX = 400

/** What is told of an output, while the batch runs. */
export interface OutputListener {
  readonly outputStarted: (id: string, startMs: number) => void
  /** `error`: what the output threw. Left out: it has succeeded. */
  readonly outputEnded: (id: string, startMs: number, endMs: number, error?: unknown) => void
}

/** What an attempt has run. */
export type Traced = Pick<BatchRecord, 'outputs' | 'stages' | 'cut'>

type StageEntry = { -readonly [K in keyof StageRun]: StageRun[K] } & {
  executors?: Record<string, number>
}

/** See the head of this file. */
export class BatchTrace {
  readonly #clock: Pick<Clock, 'now'>
  readonly #startedMs: number
  readonly #listener: OutputListener | undefined
  readonly #spans: AttemptSpans | undefined
  readonly #outputs: OutputRun[] = []
  readonly #stages: StageEntry[] = []
  readonly #cut: Partial<Record<CutList, number>> = {}
  /** The stages that run now, by their names: executors answer for these. */
  readonly #running = new Map<string, StageEntry>()

  constructor(
    clock: Pick<Clock, 'now'>,
    startedMs: number,
    listener?: OutputListener,
    spans?: AttemptSpans,
  ) {
    this.#clock = clock
    this.#startedMs = startedMs
    this.#listener = listener
    this.#spans = spans
  }

  /** Runs an output. Rejects with its error. */
  async output(id: string, run: () => Promise<void>): Promise<void> {
    const startMs = this.#clock.now()
    this.#listener?.outputStarted(id, startMs)
    try {
      await (this.#spans?.output(id, run) ?? run())
      this.#outputEnded(id, startMs)
    } catch (error) {
      this.#outputEnded(id, startMs, error)
      throw error
    }
  }

  #outputEnded(id: string, startMs: number, error?: unknown): void {
    const endMs = this.#clock.now()
    this.#listener?.outputEnded(id, startMs, endMs, error)
    this.#add('outputs', this.#outputs, {
      id,
      startMs: startMs - this.#startedMs,
      ms: endMs - startMs,
      ...(error === undefined ? {} : { error: errorText(error) }),
    })
  }

  /** Runs a stage. */
  async stage<T>(
    stage: Pick<Stage, 'node' | 'side' | 'count' | 'gave'>,
    run: () => Promise<T>,
  ): Promise<T> {
    const { node, side, count, gave } = stage
    const startMs = this.#clock.now()
    const entry: StageEntry = {
      node,
      side,
      tasks: count,
      startMs: startMs - this.#startedMs,
      ms: 0,
    }
    this.#add('stages', this.#stages, entry)
    const name = `${node}/${side}`
    this.#running.set(name, entry)
    try {
      const result = await (this.#spans?.stage(stage, run) ?? run())
      if (gave !== undefined) entry.keys = gave()
      return result
    } finally {
      entry.ms = this.#clock.now() - startMs
      if (this.#running.get(name) === entry) this.#running.delete(name)
    }
  }

  /** Begins the span of a call of an executor. Undefined: nobody wants it. */
  get call(): BeginCall | undefined {
    return this.#spans?.call
  }

  /** An executor has run a task of a stage that runs now. */
  ranAway({ node, side }: Pick<StageName, 'node' | 'side'>, executor: number): void {
    const entry = this.#running.get(`${node}/${side}`)
    if (entry === undefined) return
    const executors = (entry.executors ??= {})
    executors[executor] = (executors[executor] ?? 0) + 1
  }

  #add<T>(list: CutList, entries: T[], entry: T): void {
    if (entries.length < ENTRIES_MAX) entries.push(entry)
    else this.#cut[list] = (this.#cut[list] ?? 0) + 1
  }

  /** What has run so far. */
  get traced(): Traced {
    return {
      outputs: [...this.#outputs],
      stages: this.#stages.map((stage) => ({ ...stage })),
      ...(Object.keys(this.#cut).length === 0 ? {} : { cut: { ...this.#cut } }),
    }
  }
}

const CAUSES_MAX = 4

/** What the user's code has thrown, if that is the cause: the beginning of its message. */
const errorText = (error: unknown): string => {
  try {
    let last = error
    for (let depth = 0; depth < CAUSES_MAX; depth++)
      if (last instanceof Error && last.cause instanceof Error) last = last.cause
    const text = last instanceof Error ? last.message : String(last)
    return text.slice(0, ERROR_CHARACTERS_MAX).toWellFormed()
  } catch {
    return 'an error that cannot be shown'
  }
}
