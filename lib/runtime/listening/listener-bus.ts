/**
 * Hands events to the listeners of a pipeline, in the order in which things happen.
 *
 * - A listener is called at once, so order is kept. What it returns is not waited for, except by
 *   `settled`, before a function of the platform is frozen.
 * - One that throws, rejects or takes long is reported, and nothing else happens
 *   (`LISTENER_FAILED`, `LISTENER_SLOW`).
 * - Without listeners nothing is made.
 */
import type { Plan } from '../../dstream/plan.ts'
import type { StreamingListener } from '../../dstream/listening/streaming-listener.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Listener } from '../events.ts'
import { flushSpans } from './process-spans.ts'

/** What a bus needs. */
export interface ListenerBusParts {
  readonly plan: Pick<Plan, 'name' | 'options' | 'sources' | 'outputs' | 'listeners'>
  readonly clock: Clock
  readonly report: Listener
}

type Name = keyof StreamingListener
type EventOf<N extends Name> = Parameters<NonNullable<StreamingListener[N]>>[0]

/** A call that takes longer keeps the batch. */
const SLOW_MS = 1_000
/** Promises of listeners that are kept. What comes beyond is called, and not waited for. */
const PENDING_MAX = 1_000
/** Each kind of failure is reported so often by a process. */
const REPORTS_MAX = 5

/** See the head of this file. */
export class ListenerBus {
  readonly #parts: ListenerBusParts
  readonly #pending = new Set<Promise<void>>()
  readonly #reports = new Map<string, number>()
  #isClosed = false

  constructor(parts: ListenerBusParts) {
    this.#parts = parts
  }

  get plan(): ListenerBusParts['plan'] {
    return this.#parts.plan
  }

  get nowMs(): number {
    return this.#parts.clock.now()
  }

  /** Whether somebody listens. */
  get isHeard(): boolean {
    return !this.#isClosed && (this.#parts.plan.listeners?.size ?? 0) > 0
  }

  /** Calls a method of all listeners. `make` is called only if somebody listens. Never throws. */
  tell<N extends Name>(name: N, make: () => EventOf<N>): void {
    if (!this.isHeard) return
    try {
      const event = make()
      // A copy: a listener that another one adds now is told of the next event.
      for (const listener of Array.from(this.#parts.plan.listeners ?? []))
        this.#call(listener, name, event)
    } catch (error) {
      this.#failed(name, error)
    }
  }

  #call<N extends Name>(listener: StreamingListener, name: N, event: EventOf<N>): void {
    const startMs = this.nowMs
    try {
      const method = listener[name] as ((event: EventOf<N>) => unknown) | undefined
      const result = method?.call(listener, event)
      if (isThenable(result)) this.#keep(name, result)
    } catch (error) {
      this.#failed(name, error)
    }
    const tookMs = this.nowMs - startMs
    if (tookMs > SLOW_MS)
      this.#report('LISTENER_SLOW', name, `took ${tookMs} ms, and the batch has waited for it`)
  }

  #keep(name: Name, result: PromiseLike<unknown>): void {
    const pending = Promise.resolve(result).then(
      () => undefined,
      (error: unknown) => this.#failed(name, error),
    )
    if (this.#pending.size >= PENDING_MAX) return
    this.#pending.add(pending)
    void pending.finally(() => this.#pending.delete(pending))
  }

  #failed(name: Name, error: unknown): void {
    this.#report('LISTENER_FAILED', name, `has failed: ${textOf(error)}`)
  }

  #report(code: string, name: Name, what: string): void {
    const reports = (this.#reports.get(`${code} ${name}`) ?? 0) + 1
    this.#reports.set(`${code} ${name}`, reports)
    if (reports > REPORTS_MAX) return
    const more = reports === REPORTS_MAX ? '. Further failures of it are not reported' : ''
    const message = `${name}() of a listener ${what}${more} [${code}]`
    this.#parts.report({ event: 'warning', code, message })
  }

  /** Waits for async listeners and until spans are sent, but not longer than this. */
  async settled(limitMs: number): Promise<void> {
    const flushed = flushSpans(this.#parts, limitMs)
    if (this.#pending.size > 0) {
      const ending = new AbortController()
      await Promise.race([
        Promise.all(this.#pending),
        this.#parts.clock.sleep(limitMs, ending.signal),
      ])
      ending.abort()
    }
    await flushed
  }

  /** The process has stopped: nothing is told any more. */
  close(): void {
    this.#isClosed = true
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as { then?: unknown }).then === 'function'

const TEXT_MAX = 500

const textOf = (error: unknown): string => {
  try {
    return (error instanceof Error ? error.message : String(error)).slice(0, TEXT_MAX)
  } catch {
    return 'an error that cannot be shown'
  }
}
