/**
 * What runs the processes: it invokes intake with what the sources deliver and drivers on ticks, repeats what failed or took too long, and
 * keeps environments warm, as AWS Lambda does with Kinesis and SQS.
 */
import type { Plan } from '../../dstream/plan.ts'
import { Driver, type Outcome } from '../../runtime/driver.ts'
import type { RuntimeEvent } from '../../runtime/events.ts'
import { Intake } from '../../runtime/intake.ts'
import { laneSource } from '../../runtime/sources/lane-source.ts'
import { HeadStore } from '../../state/head.ts'
import type { Checkers } from './checkers.ts'
import { LATENCY_MS_MAX, type Shared, simulatedPorts } from './simulated-ports.ts'
import { APP } from './word-model.ts'
import type { Environment, World } from './world.ts'

/** An invocation that takes longer is given up and its event delivered again; the process may still be there. */
const INVOCATION_MS_MAX = 20_000
/** Behind any request that the failed invocation may have had in flight. */
const RETRY_AFTER_MS = LATENCY_MS_MAX * 2
const LEASE_MS = INVOCATION_MS_MAX + 5_000
const SOURCE = 'textFileStream-1'
const CLOCK_JUMPS_MS = [-86_400_000, -3_000, 1_500, 60_000, 86_400_000]

interface Process<T> {
  readonly environment: Environment
  readonly role: T
}

export class Platform {
  /** Events delivered and not yet done with: deliveries of sources, and ticks. */
  outstanding = 0
  readonly #shared: Shared
  readonly #checkers: Checkers
  readonly #plan: Plan
  readonly #drivers: Process<Driver>[] = []
  readonly #intakes: Process<Intake>[] = []
  #generation = 1
  #made = 0

  constructor(shared: Shared, checkers: Checkers, plan: Plan) {
    this.#shared = shared
    this.#checkers = checkers
    this.#plan = plan
  }

  /** From now on new drivers are of a newer generation; old ones are still there, and may still be invoked. */
  deploy(): void {
    this.#generation += 1
    this.#shared.world.log(() => `generation ${this.#generation} is deployed`)
  }

  /** Invokes a driver, again and again until one invocation ends in time. */
  tick(): void {
    this.outstanding += 1
    const repeat = (): void => {
      const { environment, role } = this.#driver()
      this.#invoke(environment, () => role.run(), this.#isDone, repeat)
    }
    repeat()
  }

  /** Delivers records of a lane to intake; `done` tells whether they were acknowledged. A source repeats by itself. */
  deliver(lane: string, from: number, lines: readonly string[], done: (acknowledged: boolean) => void): void {
    this.outstanding += 1
    const records = lines.map((record, index) => ({ position: String(from + index), record }))
    const { environment, role } = this.#intake()
    const acknowledged = (): true => {
      this.#checkers.acknowledged(lane, String(from + lines.length - 1))
      this.outstanding -= 1
      done(true)
      return true
    }
    const failed = (): void => {
      this.outstanding -= 1
      done(false)
    }
    this.#invoke(environment, () => role.append({ lane, records }), acknowledged, failed)
  }

  readonly #isDone = (outcome: Outcome): boolean => {
    this.outstanding -= 1
    if (outcome.kind === 'failed') this.#checkers.fail('assertion', `the application failed: ${outcome.reason.message}`)
    // Somebody has to come back for a batch that waits for another runner or for a pause to end.
    const waitMs = outcome.kind === 'busy' ? outcome.untilMs : outcome.kind === 'retry' ? outcome.atMs : undefined
    if (waitMs !== undefined)
      this.#shared.world.after(Math.min(Math.max(waitMs - this.#shared.world.nowMs, 500), LEASE_MS), () => this.tick())
    return true
  }

  /** Runs one invocation. Exactly one of `ended` and `givenUp` is called. */
  #invoke<T>(environment: Environment, run: () => Promise<T>, ended: (result: T) => boolean, givenUp: () => void): void {
    const { world } = this.#shared
    let open = true
    environment.busy = true
    if (this.#shared.faults.strikes('clockJump', 2)) environment.clockSkewMs = world.random.pick(CLOCK_JUMPS_MS)
    const close = (then: () => void): void => {
      if (!open) return
      open = false
      then()
    }
    run().then(
      (result) => {
        environment.busy = false
        close(() => ended(result))
      },
      (error: unknown) => {
        environment.busy = false
        this.#checkError(environment, error)
        close(() => world.after(RETRY_AFTER_MS, givenUp))
      },
    )
    world.after(INVOCATION_MS_MAX, () =>
      close(() => {
        // A process that stands still is a zombie: it goes on when it wakes. Any other is ended.
        if (environment.frozenUntilMs <= world.nowMs) environment.alive = false
        world.after(RETRY_AFTER_MS, givenUp)
      }),
    )
  }

  #checkError(environment: Environment, error: unknown): void {
    const { code, message } = error as { readonly code?: string; readonly message?: string }
    this.#shared.world.log(() => `${environment.name} fails: ${message}`)
    if (code !== 'STORE_FAILED' && environment.alive) this.#checkers.fail('assertion', `${environment.name}: ${message}`)
  }

  #environment(role: string, generation: number): Environment {
    this.#made += 1
    const { faults, world } = this.#shared
    const clockSkewMs = faults.has('clockJump') ? world.random.between(-1_000, 1_000) : 0
    return { name: `${role}${this.#made}g${generation}`, generation, alive: true, frozenUntilMs: 0, clockSkewMs, busy: false }
  }

  #free<T>(processes: readonly Process<T>[]): Process<T> | undefined {
    const { world } = this.#shared
    const free = processes.filter(({ environment }) => environment.alive && !environment.busy && environment.frozenUntilMs <= world.nowMs)
    return free.length > 0 && world.random.chance(0.85) ? world.random.pick(free) : undefined
  }

  #driver(): Process<Driver> {
    const { faults } = this.#shared
    const current = this.#drivers.filter(
      ({ environment }) => environment.generation === this.#generation || faults.strikes('deployment', 10),
    )
    const free = this.#free(current)
    if (free !== undefined) return free
    const made = this.#makeDriver()
    this.#drivers.push(made)
    return made
  }

  #makeDriver(): Process<Driver> {
    const environment = this.#environment('driver', this.#generation)
    const { store, clock, randomness, saveText } = simulatedPorts(this.#shared, environment)
    const listen = (event: RuntimeEvent): void => this.#listen(environment, event)
    const role = new Driver({
      plan: this.#plan,
      app: APP,
      generation: environment.generation,
      store,
      heads: new HeadStore(store, APP),
      clock,
      randomness,
      sources: new Map([[SOURCE, laneSource({ store, app: APP, source: SOURCE })]]),
      outputs: { print: () => undefined, saveText },
      listen,
      leaseMs: LEASE_MS,
    })
    return { environment, role }
  }

  #listen(environment: Environment, event: RuntimeEvent): void {
    this.#shared.world.log(() => `${environment.name} ${JSON.stringify(event)}`)
    const isExpected = event.event !== 'batchFailed' || event.code === 'STORE_FAILED'
    if (!isExpected) this.#checkers.fail('assertion', `${environment.name} fails the batch at ${event.timeMs}: ${event.message}`)
  }

  #intake(): Process<Intake> {
    const free = this.#free(this.#intakes)
    if (free !== undefined) return free
    const environment = this.#environment('intake', this.#generation)
    const { store, clock, randomness } = simulatedPorts(this.#shared, environment)
    const made = {
      environment,
      role: new Intake({ app: APP, source: SOURCE, store, clock, randomness, limits: this.#plan.options.limits }),
    }
    this.#intakes.push(made)
    return made
  }
}

/** A lane of a source that can be read again: records appear over time, and are delivered in order until they are acknowledged. */
export class Feeder {
  readonly #lane: string
  readonly #lines: string[]
  readonly #later: string[]
  readonly #world: World
  readonly #platform: Platform
  #acknowledged = 0
  #delivering = false

  constructor(lane: string, lines: readonly string[], available: string[], world: World, platform: Platform) {
    this.#lane = lane
    this.#later = [...lines]
    this.#lines = available
    this.#world = world
    this.#platform = platform
  }

  /** All records were sent and acknowledged. */
  get isDone(): boolean {
    return this.#later.length === 0 && this.#acknowledged >= this.#lines.length && !this.#delivering
  }

  /** A few more records are there. */
  produce(): void {
    this.#lines.push(...this.#later.splice(0, this.#world.random.between(1, 6)))
    this.feed()
  }

  /** Starts a delivery, unless one is open: a lane has one ordered feeder. */
  feed(): void {
    if (this.#delivering || this.#acknowledged >= this.#lines.length) return
    this.#delivering = true
    this.#deliver(this.#acknowledged + 1)
  }

  /** Delivers from an earlier position again, as after a lost checkpoint or a mapping made anew. */
  redeliver(): void {
    if (this.#delivering || this.#acknowledged === 0) return
    this.#delivering = true
    this.#deliver(this.#world.random.between(1, this.#acknowledged))
  }

  #deliver(from: number): void {
    const to = Math.min(this.#lines.length, from + this.#world.random.between(0, 7))
    this.#platform.deliver(this.#lane, from, this.#lines.slice(from - 1, to), (acknowledged) => {
      this.#delivering = false
      if (acknowledged) this.#acknowledged = Math.max(this.#acknowledged, to)
      this.feed()
    })
  }
}
