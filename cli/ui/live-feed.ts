/**
 * Tells open pages what is new. However many there are, the store is asked for the head and for new
 * batches once in a period. While no page is open, nothing is read.
 */
import type { LiveEvent, StatusAnswer } from '../../page/answers.ts'
import { followHistory } from '../../lib/state/history/read-history.ts'
import { type Head, HeadStore, lastTimeMs } from '../../lib/state/head.ts'
import type { KnownBatch, KnownBatches } from './known-batches.ts'
import { knownBatch } from './known-batches.ts'
import type { PageSource } from './page-source.ts'
import { statusAnswer } from './status-answer.ts'

const PERIOD_MS_MIN = 1_000
/** A page should not look dead when batches are an hour apart. */
const PERIOD_MS_MAX = 15_000
/** A page that does not take its events gets the newest ones only. */
const WAITING_MAX = 1_000

/** How an open page gets its events. */
export interface Subscriber {
  /** The next event. Undefined: nothing came before the time was over, or the feed has ended. */
  next(waitMs: number): Promise<LiveEvent | undefined>
  close(): void
}

/** The events of one application for all open pages. */
export class LiveFeed {
  readonly #source: PageSource
  readonly #known: KnownBatches
  readonly #open = new Set<(event: LiveEvent) => void>()
  #fresh: KnownBatch[] = []
  #last = ''
  #ending: AbortController | undefined

  constructor(source: PageSource, known: KnownBatches) {
    this.#source = source
    this.#known = known
  }

  /** How many pages are open. */
  get size(): number {
    return this.#open.size
  }

  /** The interval of the plan, or the one that the batches show. */
  get intervalMs(): number | undefined {
    return this.#source.intervalMs ?? this.#known.intervalMs
  }

  /** The status now: one read of the head. */
  async status(): Promise<StatusAnswer> {
    const { intervalMs } = this
    const { processingMs } = this.#known
    return statusAnswer(this.#source, await this.head(), { intervalMs, processingMs })
  }

  async head(): Promise<Head | undefined> {
    return new HeadStore(this.#source.store, this.#source.app).read()
  }

  /** Opens the events of a page. */
  subscribe(signal: AbortSignal): Subscriber {
    let waiting: LiveEvent | undefined
    let wake = new AbortController()
    const take = (event: LiveEvent): void => {
      const batches = [...(waiting?.batches ?? []), ...event.batches].slice(-WAITING_MAX)
      waiting = { ...event, batches }
      wake.abort()
    }
    this.#open.add(take)
    if (this.#open.size === 1) this.#start()
    const close = (): void => {
      this.#open.delete(take)
      wake.abort()
      if (this.#open.size === 0) this.#ending?.abort()
    }
    signal.addEventListener('abort', close, { once: true })
    return {
      next: async (waitMs) => {
        if (waiting === undefined && !signal.aborted)
          await this.#source.clock.sleep(waitMs, wake.signal)
        const event = waiting
        waiting = undefined
        wake = new AbortController()
        return event
      },
      close,
    }
  }

  #start(): void {
    const ending = new AbortController()
    this.#ending = ending
    this.#last = ''
    void this.#follow(ending.signal)
    void this.#look(ending.signal)
  }

  get #everyMs(): number {
    return Math.min(PERIOD_MS_MAX, Math.max(PERIOD_MS_MIN, this.intervalMs ?? 0))
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { store, app, clock } = this.#source
    let afterMs = this.#known.lastMs
    while (!signal.aborted) {
      try {
        afterMs ??= lastTimeMs(await this.head(), clock.now())
        const everyMs = this.#everyMs
        for await (const record of followHistory(store, app, { afterMs, clock, everyMs, signal })) {
          this.#fresh.push(knownBatch(record))
          if (record.status === 'completed') afterMs = record.timeMs
        }
      } catch {
        // The look at the head says what is wrong. This goes on when the store does.
        await clock.sleep(PERIOD_MS_MAX, signal)
      }
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { clock } = this.#source
    while (!signal.aborted) {
      await clock.sleep(this.#everyMs, signal)
      if (signal.aborted) return
      try {
        this.#tell(await this.status())
      } catch {
        // A page asks by itself when it hears nothing, and shows the error.
      }
    }
  }

  #tell(status: StatusAnswer): void {
    const batches = this.#fresh
    this.#fresh = []
    const { nowMs: _nowMs, ...rest } = status
    const text = JSON.stringify(rest)
    if (batches.length === 0 && text === this.#last) return
    this.#last = text
    this.#known.add(batches)
    for (const take of this.#open) take({ status, batches })
  }
}
