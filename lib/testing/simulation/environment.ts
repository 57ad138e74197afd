/**
 * The code of a deployment: `a` and `b` write different names into outputs, and `broken` throws on
 * many records.
 */
export type Code = 'a' | 'b' | 'broken'

/**
 * How the plan of a deployment differs from that of the first one:
 *
 * - `stored`: it stores its state in another way. What is stored is carried over.
 * - `renamed`: its sources have other names. It does not fit.
 * - `slower`: its windows are over longer batches. It does not fit.
 */
export type PlanChange = 'none' | 'stored' | 'renamed' | 'slower'

/** Whether a plan may go on with what the first one has stored. */
export const isFitting = (change: PlanChange): boolean => change === 'none' || change === 'stored'

/** One deployment of the application. */
export interface Deployment {
  readonly generation: number
  readonly code: Code
  readonly change: PlanChange
  /** When its streams were created, by name: a stream that is created again has other lanes. */
  readonly createdMs: ReadonlyMap<string, number>
}

/**
 * A process of a function: it can die, stand still, sleep between invocations, and have a clock of
 * its own.
 */
export class Environment {
  readonly name: string
  readonly deployment: Deployment
  /** Whether the process works on an invocation. */
  busy = false
  /** Until this time the process stands still: answers and timers wait for it. */
  frozenUntilMs = 0
  /** How far its clock is from the clock of the world. */
  clockSkewMs = 0
  /** The number of calls whose answer it does not have yet. */
  callsInFlight = 0
  /** Called when it ends in the middle of an invocation. */
  ended: () => void = () => undefined
  #alive = true
  #asleep = false
  readonly #held: (() => void)[] = []

  constructor(name: string, deployment: Deployment) {
    this.name = name
    this.deployment = deployment
  }

  get generation(): number {
    return this.deployment.generation
  }

  get alive(): boolean {
    return this.#alive
  }

  /** Ends the process at once. Requests that it has sent still take effect. */
  end(): void {
    if (!this.#alive) return
    this.#alive = false
    this.ended()
  }

  /** The process has answered. The platform lets it sleep until the next invocation. */
  get asleep(): boolean {
    return this.#asleep
  }

  sleep(): void {
    this.#asleep = true
  }

  /** Work that was left when the process fell asleep goes on now, perhaps hours later. */
  thaw(): void {
    this.#asleep = false
    for (const run of this.#held.splice(0)) run()
  }

  /** Keeps a function, and runs it when the process is thawed. */
  hold(run: () => void): void {
    this.#held.push(run)
  }
}
