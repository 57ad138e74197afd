/**
 * The code of a deployment: `a` and `b` leave different marks in outputs, and `broken` throws on
 * many records.
 */
export type Code = 'a' | 'b' | 'broken'

/** What a deployment has put in place. */
export interface Deployment {
  readonly generation: number
  readonly code: Code
  /** When the streams that it is bound to were made, by name: one made anew has other lanes. */
  readonly createdMs: ReadonlyMap<string, number>
}

/**
 * A process of a function: it can die, stand still, sleep between invocations, and have a clock of
 * its own.
 */
export class Environment {
  readonly name: string
  readonly deployment: Deployment
  /** It works on an invocation. */
  busy = false
  /** Until then it stands still: answers and timers wait for it. */
  frozenUntilMs = 0
  /** How far its clock is from the world's. */
  clockSkewMs = 0
  /** Calls whose answer it has not taken yet. */
  callsInFlight = 0
  /** Told when it ends in the middle of something. */
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

  /** Ends at once. What it has sent is on its way all the same. */
  end(): void {
    if (!this.#alive) return
    this.#alive = false
    this.ended()
  }

  /** It has answered, and the platform gives it no time until the next invocation. */
  get asleep(): boolean {
    return this.#asleep
  }

  sleep(): void {
    this.#asleep = true
  }

  /** What was left when it fell asleep goes on now, hours later perhaps. */
  thaw(): void {
    this.#asleep = false
    for (const run of this.#held.splice(0)) run()
  }

  /** Keeps something until it is thawed. */
  hold(run: () => void): void {
    this.#held.push(run)
  }
}
