/** A page of an application in memory, a store that counts its reads, and time that is moved. */
import { pageApp } from '../../../../cli/ui/page-app.ts'
import type { PageSource } from '../../../../cli/ui/page-source.ts'
import { memoryItemStore } from '../../../../lib/adapters/memory/memory-item-store.ts'
import type { Clock } from '../../../../lib/ports/clock.ts'
import type { ItemStore } from '../../../../lib/ports/item-store.ts'
import type { BatchRecord } from '../../../../lib/state/history/batch-record.ts'
import { noteBatch } from '../../../../lib/state/history/write-history.ts'
import { type Head, HeadStore } from '../../../../lib/state/head.ts'

/** The time at which the page is asked, unless a test moves it. */
export const NOW_MS: number = Date.parse('2026-03-01T12:00:00Z')

/** A clock that a test moves. Those who sleep wake when their time has come. */
export class SteppedClock implements Clock {
  nowMs: number = NOW_MS
  readonly #sleepers = new Set<{ readonly untilMs: number; readonly wake: () => void }>()

  now(): number {
    return this.nowMs
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const sleeper = {
        untilMs: this.nowMs + durationMs,
        wake: () => {
          this.#sleepers.delete(sleeper)
          resolve()
        },
      }
      this.#sleepers.add(sleeper)
      if (signal?.aborted === true) sleeper.wake()
      signal?.addEventListener('abort', sleeper.wake, { once: true })
    })
  }

  /** Lets time pass, in steps of a second, and everybody act in between. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1_000) {
      this.nowMs += Math.min(left, 1_000)
      for (const { untilMs, wake } of this.#sleepers) if (untilMs <= this.nowMs) wake()
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

/** The name of the application. */
export const APP = 'clicks'

/** A head of an application whose last batch was a second ago. */
export const headOf = (parts: Partial<Head> = {}): Head => ({
  generation: 1,
  plan: 'abc',
  sources: [],
  status: 'running',
  epoch: 5,
  owner: undefined,
  leaseEndMs: 0,
  startedMs: NOW_MS - 3_600_000,
  zeroMs: 0,
  doneMs: NOW_MS - 1_000,
  manifest: undefined,
  afterCommit: undefined,
  offsets: {},
  wakeMs: 0,
  logged: undefined,
  reason: undefined,
  load: undefined,
  ...parts,
})

/** A record of a completed batch. */
export const recordOf = (timeMs: number, parts: Partial<BatchRecord> = {}): BatchRecord => ({
  timeMs,
  status: 'completed',
  attempt: 1,
  records: 10,
  bytes: 100,
  objects: 0,
  deadLetters: 0,
  expired: 0,
  lost: 0,
  processingMs: 120,
  startedMs: timeMs + 5,
  generation: 1,
  sources: [{ id: 'socket-1', records: 10, bytes: 100, objects: 0 }],
  ...parts,
})

/** A page with its store. */
export class PageBed {
  readonly clock: SteppedClock = new SteppedClock()
  readonly ended: AbortController = new AbortController()
  reads = 0
  /** Queries, and how many items they gave. */
  queries = 0
  items = 0
  /** Whether the store fails now. */
  failing: () => boolean = () => false
  /** Counts what is read. */
  readonly store: ItemStore
  readonly #store: ItemStore = memoryItemStore()
  readonly #app: ReturnType<typeof pageApp>

  constructor(parts: Partial<PageSource> = {}) {
    this.store = {
      ...this.#store,
      get: async (key) => {
        this.reads += 1
        if (this.failing()) throw new Error('the store does not answer')
        return this.#store.get(key)
      },
      query: async (partition, query) => {
        this.reads += 1
        this.queries += 1
        if (this.failing()) throw new Error('the store does not answer')
        const found = await this.#store.query(partition, query)
        this.items += found.length
        return found
      },
    }
    const source: PageSource = {
      app: APP,
      store: this.store,
      clock: this.clock,
      where: 'here',
      how: 'run',
      target: '--state here',
      plan: undefined,
      intervalMs: 1_000,
      ...parts,
    }
    this.#app = pageApp(source, this.ended.signal)
  }

  async head(parts: Partial<Head> = {}): Promise<void> {
    await new HeadStore(this.#store, APP).create(headOf(parts))
  }

  async batches(...records: readonly BatchRecord[]): Promise<void> {
    for (const record of records) await noteBatch(this.#store, APP, () => record)
  }

  /** An answer of the server. */
  async ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { host: '127.0.0.1:4040', ...(init.headers as Record<string, string>) }
    return this.#app.request(path, { ...init, headers })
  }

  async json(path: string): Promise<unknown> {
    return (await this.ask(path)).json()
  }
}
