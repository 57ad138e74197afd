/**
 * A world of virtual time: events run one after another, each to its end, at times that a seed decides. Everything that real processes do
 * at the same moment happens here in some order, and the same seed gives the same order.
 */
import { Random } from '../random.ts'

interface ScheduledEvent {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

/** A process: it can die, stand still, and have a clock of its own. */
export interface Environment {
  readonly name: string
  readonly generation: number
  alive: boolean
  /** Until then it stands still: answers and timers wait for it. */
  frozenUntilMs: number
  /** How far its clock is from the world's. */
  clockSkewMs: number
  /** What it works on now. */
  busy: boolean
}

/** The first moment of every world: no round number, so that nothing rests on alignment. */
const START_MS = 1_700_000_000_123

/** Lets every promise that can settle do so. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export class World {
  readonly random: Random
  /** What happened, in order, while somebody wants to know. */
  readonly trace: string[] | undefined
  #nowMs = START_MS
  #order = 0
  readonly #events: ScheduledEvent[] = []

  constructor(seed: number, { trace = false }: { readonly trace?: boolean } = {}) {
    this.random = new Random(seed)
    this.trace = trace ? [] : undefined
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** Notes a line for the trace. */
  log(line: () => string): void {
    this.trace?.push(`${((this.#nowMs - START_MS) / 1_000).toFixed(3).padStart(9)} ${line()}`)
  }

  /** Runs something after so long, behind whatever is already due then. */
  after(delayMs: number, run: () => void): void {
    const event = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, run }
    let low = 0
    let high = this.#events.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#events[middle] as ScheduledEvent).atMs > event.atMs) low = middle + 1
      else high = middle
    }
    this.#events.splice(low, 0, event)
  }

  /** Runs something inside an environment: not if it is dead, and only when it moves again if it stands still. */
  inside(environment: Environment, run: () => void): void {
    if (!environment.alive) return
    if (environment.frozenUntilMs > this.#nowMs) this.after(environment.frozenUntilMs - this.#nowMs, () => this.inside(environment, run))
    else run()
  }

  /** Runs events until `isDone`, or until so much virtual time has passed. Gives whether it was done. */
  async run(isDone: () => boolean, limitMs: number): Promise<boolean> {
    const endMs = this.#nowMs + limitMs
    while (!isDone()) {
      const event = this.#events.at(-1)
      if (event === undefined || event.atMs > endMs) return false
      this.#events.pop()
      this.#nowMs = Math.max(this.#nowMs, event.atMs)
      event.run()
      await settled()
    }
    return true
  }
}
