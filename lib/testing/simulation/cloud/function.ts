/**
 * A Lambda function: processes that start cold, stay warm and sleep between invocations, each with
 * the code it was deployed with. When an invocation is out of time, it fails and its process ends.
 * A process that stands still does not end: it is a zombie that goes on later.
 */
import type { CallWorld } from '../calls.ts'
import { type Deployment, Environment } from '../environment.ts'

/** How an invocation has ended. */
export type Ending<A> =
  | { readonly kind: 'answered'; readonly answer: A; readonly environment: Environment }
  | { readonly kind: 'failed'; readonly error: unknown; readonly environment: Environment }
  | { readonly kind: 'ended' }
  | { readonly kind: 'denied' }

/** What a function gets with an event. */
export interface InvocationContext {
  /** The remaining time by the clock of the process, as in Lambda's context. */
  readonly remainingMs: () => number
}

/** The handler of a process that has started. */
export type Handler<E, A> = (event: E, context: InvocationContext) => Promise<A>

/** The settings of a function. */
export interface FunctionSettings<E, A> {
  readonly name: string
  readonly timeoutMs: number
  /** The time of an invocation that is shorter. Default: none is. */
  readonly shortMs?: () => number | undefined
  /** Starts a process. */
  readonly start: (environment: Environment) => Handler<E, A>
}

interface Process<E, A> {
  readonly environment: Environment
  readonly handler: Handler<E, A>
}

const CLOCK_JUMPS_MS = [-86_400_000, -3_000, 1_500, 60_000, 86_400_000]
/** How long the platform takes at most to see that a process has ended. */
const NOTICED_MS_MAX = 500
const WARM = 0.85

export class SimulatedFunction<E, A> {
  readonly #parts: CallWorld
  readonly #settings: FunctionSettings<E, A>
  readonly #processes: Process<E, A>[] = []
  readonly #deployments: Deployment[]
  /** Until then nothing is invoked: an operator has taken its concurrency away. */
  pausedUntilMs = 0
  #made = 0

  constructor(parts: CallWorld, settings: FunctionSettings<E, A>, deployment: Deployment) {
    this.#parts = parts
    this.#settings = settings
    this.#deployments = [deployment]
  }

  get deployment(): Deployment {
    return this.#deployments.at(-1) as Deployment
  }

  /** From now on new processes run this; older ones are still there, and may still be invoked. */
  deploy(deployment: Deployment): void {
    this.#deployments.push(deployment)
  }

  /** Whether a process works on an invocation. */
  get isBusy(): boolean {
    return this.#processes.some(({ environment }) => environment.busy && environment.alive)
  }

  /** Runs one invocation, and calls `ended` once. `isFit`: which deployments may get this event. */
  invoke(
    event: E,
    ended: (ending: Ending<A>) => void,
    isFit: (deployment: Deployment) => boolean = () => true,
  ): void {
    const { world, faults } = this.#parts
    const isPaused = faults.active && world.nowMs < this.pausedUntilMs
    if (isPaused || faults.strikes('deniedInvocation')) return ended({ kind: 'denied' })
    const { environment, handler } = this.#process(isFit)
    let open = true
    const close = (ending: Ending<A>): void => {
      if (!open) return
      open = false
      ended(ending)
    }
    const timeoutMs = this.#settings.shortMs?.() ?? this.#settings.timeoutMs
    const deadlineMs = world.nowMs + timeoutMs
    if (faults.strikes('clockJump', 2)) environment.clockSkewMs = world.random.pick(CLOCK_JUMPS_MS)
    environment.busy = true
    environment.ended = () =>
      world.after(world.random.between(1, NOTICED_MS_MAX), () => close({ kind: 'ended' }))
    environment.thaw()
    const remainingMs = (): number => deadlineMs - (world.nowMs + environment.clockSkewMs)
    const rest = (): void => {
      environment.busy = false
      environment.sleep()
    }
    handler(event, { remainingMs }).then(
      (answer) => {
        close({ kind: 'answered', answer, environment })
        rest()
      },
      (error: unknown) => {
        close({ kind: 'failed', error, environment })
        rest()
      },
    )
    world.after(timeoutMs, () => {
      if (!open) return
      this.#parts.sightings.see('an invocation out of time')
      if (environment.frozenUntilMs <= world.nowMs) environment.end()
      close({ kind: 'ended' })
    })
  }

  #process(isFit: (deployment: Deployment) => boolean): Process<E, A> {
    const { world, faults, sightings } = this.#parts
    const fit = this.#deployments.filter(isFit)
    const older = fit.at(-2)
    const deployment = (
      older !== undefined && faults.has('deployment') && world.random.chance(0.15)
        ? older
        : fit.at(-1)
    ) as Deployment
    const free = this.#processes.filter(
      ({ environment: { alive, busy, frozenUntilMs, deployment: its } }) =>
        its === deployment && alive && !busy && frozenUntilMs <= world.nowMs,
    )
    if (free.length > 0 && world.random.chance(WARM)) {
      sightings.see('a warm process used again')
      return world.random.pick(free)
    }
    return this.#start(deployment)
  }

  #start(deployment: Deployment): Process<E, A> {
    const { world, faults } = this.#parts
    this.#made += 1
    const environment = new Environment(
      `${this.#settings.name}${this.#made}g${deployment.generation}`,
      deployment,
    )
    if (faults.has('clockJump')) environment.clockSkewMs = world.random.between(-1_000, 1_000)
    const made = { environment, handler: this.#settings.start(environment) }
    this.#processes.push(made)
    return made
  }
}
