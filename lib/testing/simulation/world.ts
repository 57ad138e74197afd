/**
 * A world of virtual time: events run one after another, each to its end, at times that a seed
 * decides. Everything that real processes do at the same moment happens here in some order, and the
 * same seed gives the same order.
 */
import { Random } from '../random.ts'
import type { Environment } from './environment.ts'

interface ScheduledEvent {
  readonly atMs: number
  readonly run: () => void
}

/**
 * The first time of every world. It is not a round number, so that no test depends on alignment.
 */
const START_MS = 1_700_000_000_123

/** Makes another generator of the same seed. */
const LATER = 0x5eed_1a7e

/** The same, of what numbers deployments. */
const DEPLOYING = 0xdeb1_0e55

/** The same, of who reads and imports state. */
const READING = 0x5ea1_10ad

/** The same, of how far limits may grow. */
const LIMITS = 0x9407_11e5

/** The same, of executors. */
const SPREADING = 0x5b4e_ad00

/** The same, of what happens between a driver and its executors. */
const BETWEEN = 0xbe74_3e40

/** The same, of the source stage at intake. */
const COMBINING = 0xc0b1_4e5d

/** The same, of invocations that are too short for their batch. */
const HANDING = 0x4a4d_0e00

/** The same, of which later pipeline a world has. */
const PIPELINES = 0x9019_f11e

/** The same, of what is kept for replays. */
const REPLAYING = 0x4e91_a700

/** Lets every promise that can settle do so. */
const waitForTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export class World {
  readonly random: Random
  /** What happened, in order. Undefined: no trace is kept. */
  readonly trace: string[] | undefined
  readonly startMs: number = START_MS
  /** What came later than the rest of the world draws from it: so all else stays as it was. */
  readonly later: Random
  /** What the numbering of deployments draws, for the same reason. */
  readonly deploying: Random
  /** What readers and imports of state draw, for the same reason. */
  readonly reading: Random
  /** Draws how far limits may grow, for the same reason. */
  readonly limits: Random
  /** What executors draw, for the same reason. */
  readonly spreading: Random
  /** What happens between a driver and its executors draws from this, for the same reason. */
  readonly between: Random
  /** What the source stage at intake draws, for the same reason. */
  readonly combining: Random
  /** Invocations that are too short draw from this, for the same reason. */
  readonly handing: Random
  /** Draws one of the later pipelines, for the same reason. */
  readonly pipelines: Random
  /** Draws what is kept for replays, for the same reason. */
  readonly replaying: Random
  /** How far the clock of the machine is ahead: that of all processes and of the table. */
  clockAheadMs = 0
  #setBackMs = 0
  #setBackAtMs = 0
  #nowMs = START_MS
  #leaptMs = 0
  // The next one last.
  readonly #events: ScheduledEvent[] = []

  constructor(seed: number, { trace = false }: { readonly trace?: boolean } = {}) {
    this.random = new Random(seed)
    this.later = new Random(seed ^ LATER)
    this.deploying = new Random(seed ^ DEPLOYING)
    this.reading = new Random(seed ^ READING)
    this.limits = new Random(seed ^ LIMITS)
    this.spreading = new Random(seed ^ SPREADING)
    this.between = new Random(seed ^ BETWEEN)
    this.combining = new Random(seed ^ COMBINING)
    this.handing = new Random(seed ^ HANDING)
    this.pipelines = new Random(seed ^ PIPELINES)
    this.replaying = new Random(seed ^ REPLAYING)
    this.trace = trace ? [] : undefined
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** The time that the clock of the machine shows. */
  get clockMs(): number {
    return this.#nowMs + this.clockAheadMs
  }

  /** The clock of the machine is set back to the time of the world. */
  setClockBack(): void {
    this.#setBackMs = this.clockAheadMs
    this.#setBackAtMs = this.#nowMs
    this.clockAheadMs = 0
  }

  /** How far the clock of the machine was set back. */
  get setBackMs(): number {
    return this.#setBackMs
  }

  /** How long ago that was. */
  get sinceSetBackMs(): number {
    return this.#nowMs - this.#setBackAtMs
  }

  /** Notes a line for the trace. */
  log(line: () => string): void {
    this.trace?.push(`${((this.#nowMs - START_MS) / 1_000).toFixed(3).padStart(9)} ${line()}`)
  }

  /** Runs something after a delay, and after everything that is already due at that time. */
  after(delayMs: number, run: () => void): void {
    const event = { atMs: this.#nowMs + Math.max(0, delayMs), run }
    let low = 0
    let high = this.#events.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#events[middle] as ScheduledEvent).atMs > event.atMs) low = middle + 1
      else high = middle
    }
    this.#events.splice(low, 0, event)
  }

  /** Runs a function again and again, with pauses drawn between two bounds. */
  every(fromMs: number, toMs: number, happen: () => void): void {
    this.after(this.random.between(fromMs, toMs), () => {
      happen()
      this.every(fromMs, toMs, happen)
    })
  }

  /**
   * Time passes and nothing happens: events that were due come late. This time does not count for
   * the limit of a run.
   */
  leap(durationMs: number): void {
    this.#nowMs += durationMs
    this.#leaptMs += durationMs
  }

  /**
   * Runs something inside an environment: never if the process is dead, and later if it stands
   * still or sleeps, when it goes on.
   */
  inside(environment: Environment, run: () => void): void {
    if (!environment.alive) return
    if (environment.asleep) environment.hold(() => this.inside(environment, run))
    else if (environment.frozenUntilMs > this.#nowMs)
      this.after(environment.frozenUntilMs - this.#nowMs, () => this.inside(environment, run))
    else run()
  }

  /**
   * Runs events until `isDone`, or until the given virtual time has passed. Gives whether `isDone`
   * was reached.
   */
  async run(isDone: () => boolean, limitMs: number): Promise<boolean> {
    const endMs = this.#nowMs - this.#leaptMs + limitMs
    while (!isDone()) {
      const event = this.#events.at(-1)
      if (event === undefined || Math.max(event.atMs, this.#nowMs) - this.#leaptMs > endMs)
        return false
      this.#events.pop()
      this.#nowMs = Math.max(this.#nowMs, event.atMs)
      event.run()
      await waitForTurn()
    }
    return true
  }
}
