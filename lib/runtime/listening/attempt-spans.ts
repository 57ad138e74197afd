/**
 * The spans of one attempt at a batch, for a listener that wants them: see tracer.ts.
 *
 *   batch ── allocate, log, read, compute ── stage ── task (of an executor), commit, publish
 *                                       └── output ── stage ── task
 *
 * What libraries trace in one of them becomes a part of it. Nothing of the batch depends on spans.
 */
import {
  type SpanFacts,
  type Tracer,
  tracerOf,
  type TraceSpan,
} from '../../dstream/listening/tracer.ts'
import type { Plan } from '../../dstream/plan.ts'
import type { Clock } from '../../ports/clock.ts'
import type { StageName } from '../../rdd/tasks.ts'

/** The driver whose attempt it is: a part of its runner. */
export interface TracedRunner {
  readonly app: string
  readonly generation: number
  readonly plan: Pick<Plan, 'listeners'>
  readonly clock: Pick<Clock, 'now'>
}

/** An attempt that begins. */
export interface BegunAttempt {
  readonly timeMs: number
  readonly number: number
  readonly startedMs: number
  /** The attempt before, as `traceparent`. */
  readonly follows?: string | undefined
}

/** How an attempt has ended. */
export type AttemptOutcome = 'completed' | 'failed' | 'handed_on' | 'refused' | 'lost'

/** A call of an executor. */
export interface CallSpan {
  /** What the executor is told, so that it continues the trace. */
  readonly request: { readonly traceparent?: string }
  readonly within: TraceSpan['within']
  /** `problem`: why there is no result. */
  readonly end: (problem?: string) => void
}

/** Begins the span of a call. */
export type BeginCall = (
  stage: Pick<StageName, 'node' | 'side'>,
  called: {
    readonly executor: number
    /** Of a function. */
    readonly name: string | undefined
    readonly task: number
  },
) => CallSpan

/** The spans of an attempt. Undefined: nobody wants them. */
export const attemptSpans = async (
  runner: TracedRunner,
  begun: BegunAttempt,
): Promise<AttemptSpans | undefined> => {
  const load = tracerOf(runner.plan.listeners)
  return load && new AttemptSpans(await load(), runner, begun)
}

/** Runs a phase of an attempt. */
export const inPhase = <T>(
  spans: AttemptSpans | undefined,
  name: string,
  run: () => Promise<T>,
): Promise<T> => (spans === undefined ? run() : spans.phase(name, run))

/** See the head of this file. */
export class AttemptSpans {
  readonly #tracer: Tracer
  readonly #clock: Pick<Clock, 'now'>
  readonly #root: TraceSpan
  readonly #stages = new Map<string, TraceSpan>()
  /** What stages belong to: an output, or the phase that computes. */
  #inner: TraceSpan
  #outcome: AttemptOutcome = 'lost'
  #failure: { readonly thrown: unknown; readonly code: string } | undefined

  constructor(tracer: Tracer, { app, generation, clock }: TracedRunner, begun: BegunAttempt) {
    const { timeMs, number, startedMs, follows } = begun
    this.#tracer = tracer
    this.#clock = clock
    this.#root = tracer.start(`batch ${app}`, {
      startMs: startedMs,
      follows,
      facts: {
        'millrace.app': app,
        'millrace.generation': generation,
        'millrace.batch.time': timeMs,
        'millrace.batch.attempt': number,
      },
    })
    this.#inner = this.#root
    // The first attempt has decided what the batch takes, since it began.
    if (number === 1) this.#start('allocate', this.#root, {}, startedMs).end(clock.now())
  }

  /** For the next attempt, which follows this one. */
  get traceparent(): string | undefined {
    return this.#root.traceparent
  }

  /** Runs the attempt. */
  async run<T>(attempt: () => Promise<T>): Promise<T> {
    try {
      return await this.#root.within(attempt)
    } finally {
      this.#root.add({ 'millrace.batch.outcome': this.#outcome })
      this.#root.end(this.#clock.now(), this.#failure)
    }
  }

  /** The attempt has ended in a way. Default: its lease was lost. */
  ended(outcome: AttemptOutcome, facts: SpanFacts = {}): void {
    this.#outcome = outcome
    this.#root.add(facts)
  }

  /** The attempt has failed. */
  failed(thrown: unknown, code: string): void {
    this.#outcome = 'failed'
    this.#failure = { thrown, code }
  }

  phase<T>(name: string, run: () => Promise<T>): Promise<T> {
    const span = this.#start(name, this.#root)
    return name === 'compute' ? this.#around(span, run) : this.#ran(span, run)
  }

  output<T>(id: string, run: () => Promise<T>): Promise<T> {
    return this.#around(this.#start(`output ${id}`, this.#inner, { 'millrace.node': id }), run)
  }

  async stage<T>(
    { node, side, count }: Pick<StageName, 'node' | 'side'> & { readonly count: number },
    run: () => Promise<T>,
  ): Promise<T> {
    const facts = {
      'millrace.node': node,
      'millrace.stage.side': side,
      'millrace.stage.tasks': count,
    }
    const span = this.#start(`stage ${node}`, this.#inner, facts)
    const name = `${node}/${side}`
    this.#stages.set(name, span)
    try {
      return await this.#ran(span, run)
    } finally {
      if (this.#stages.get(name) === span) this.#stages.delete(name)
    }
  }

  readonly call: BeginCall = ({ node, side }, { executor, name, task }) => {
    const span = this.#tracer.start(`task ${node}`, {
      startMs: this.#clock.now(),
      parent: this.#stages.get(`${node}/${side}`) ?? this.#inner,
      kind: 'client',
      facts: {
        'millrace.node': node,
        'millrace.task': task,
        'millrace.executor': executor,
        ...(name === undefined
          ? {}
          : { 'faas.invoked_name': name, 'faas.invoked_provider': 'aws' }),
      },
    })
    const { traceparent } = span
    return {
      request: traceparent === undefined ? {} : { traceparent },
      within: (run) => span.within(run),
      end: (problem) =>
        span.end(this.#clock.now(), problem === undefined ? undefined : { thrown: problem }),
    }
  }

  /** Runs what stages belong to. One runs at a time, and may be inside of another. */
  async #around<T>(span: TraceSpan, run: () => Promise<T>): Promise<T> {
    const outer = this.#inner
    this.#inner = span
    try {
      return await this.#ran(span, run)
    } finally {
      this.#inner = outer
    }
  }

  async #ran<T>(span: TraceSpan, run: () => Promise<T>): Promise<T> {
    try {
      const result = await span.within(run)
      span.end(this.#clock.now())
      return result
    } catch (error) {
      span.end(this.#clock.now(), { thrown: error })
      throw error
    }
  }

  #start(
    name: string,
    parent: TraceSpan,
    facts: SpanFacts = {},
    startMs: number = this.#clock.now(),
  ): TraceSpan {
    return this.#tracer.start(name, { startMs, parent, facts })
  }
}
