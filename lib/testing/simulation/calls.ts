/**
 * The fate of a call of a port: it takes time, can fail before its effect, can take effect with its
 * answer lost, in part, or late. Its caller can die, stand still or fall asleep while it waits.
 */
import { type ErrorCode, MillraceError } from '../../base/errors.ts'
import type { Environment } from './environment.ts'
import type { CallFate, CallTarget, Faults } from './faults.ts'
import type { Sightings } from './sightings.ts'
import type { World } from './world.ts'

/** The world of the calls, and the faults in it. */
export interface CallWorld {
  readonly world: World
  readonly faults: Faults
  readonly sightings: Sightings
}

/** One call. */
export interface CallRequest<T> extends CallTarget {
  /** For the trace. */
  readonly name: string
  /** The error that a failed call gives. Default `STORE_FAILED`. */
  readonly code?: ErrorCode
  readonly effect: () => Promise<T>
  /** The partial effect, for a fault that lets only a part happen. Default: nothing. */
  readonly part?: () => Promise<unknown>
}

/** Makes the calls of one process. */
export type Caller = <T>(request: CallRequest<T>) => Promise<T>

/** No request is in flight longer than this. */
const LATENCY_MS_MAX = 2_000
/** An abandoned request is sent within this time, unless its process is frozen first. */
const LATE_MS_MAX = 8_000
const HOUR_MS = 3_600_000
/** Some are longer than a lease: a process that goes on after that is a zombie. */
const FREEZES_MS = [500, 5_000, 30_000, 60_000]

export const caller =
  (calls: CallWorld, environment: Environment): Caller =>
  <T>(request: CallRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      const { world, faults } = calls
      if (!environment.alive) return
      const fate = faults.ofCall(world.nowMs, request)
      if (fate === 'dieBefore') return die(world, environment, request.name)
      environment.callsInFlight += 1
      const answer = (settle: () => void): void =>
        world.after(latency(world, false), () =>
          world.inside(environment, () => {
            environment.callsInFlight -= 1
            settle()
          }),
        )
      const failLate = (): void => answer(() => reject(failureOf(fate, request)))
      world.after(latency(world, fate === 'slow'), () => {
        if (fate === 'late') goOutLater(calls, environment, request)
        if (fate === 'failBefore' || fate === 'throttled' || fate === 'late') return failLate()
        void takeEffect(fate, request).then(
          (value) => {
            world.log(
              () => `${environment.name} ${request.name}${fate === 'none' ? '' : ` [${fate}]`}`,
            )
            if (fate === 'dieAfter') die(world, environment, request.name)
            if (fate === 'freezeAfter') freeze(world, environment)
            if (fate === 'lostAnswer' || fate === 'partial') failLate()
            else answer(() => resolve(value as T))
          },
          (error: unknown) => answer(() => reject(error as Error)),
        )
      })
    })

const takeEffect = <T>(fate: CallFate, { effect, part }: CallRequest<T>): Promise<unknown> =>
  fate === 'partial' ? (part?.() ?? Promise.resolve()) : effect()

/**
 * A request stays in the process after its caller has stopped waiting. A process that sleeps sends
 * it when it is thawed, hours later.
 */
const goOutLater = <T>(
  { world, sightings }: CallWorld,
  environment: Environment,
  { name, effect }: CallRequest<T>,
): void => {
  const givenUpMs = world.nowMs
  world.after(world.random.between(1, LATE_MS_MAX), () =>
    world.inside(environment, () => {
      world.log(() => `${environment.name} ${name} [late]`)
      sightings.see('a request sent after its caller stopped waiting')
      if (world.nowMs - givenUpMs > HOUR_MS)
        sightings.see('a request sent hours after its caller stopped waiting')
      void effect().catch(() => undefined)
    }),
  )
}

const latency = (world: World, slow: boolean): number =>
  slow ? world.random.between(100, LATENCY_MS_MAX / 2) : world.random.between(1, 8)

const failureOf = <T>(
  fate: CallFate,
  { name, code = 'STORE_FAILED' }: CallRequest<T>,
): MillraceError => new MillraceError(code, { problem: `${fate} at ${name}`, retryable: true })

const die = (world: World, environment: Environment, name: string): void => {
  world.log(() => `${environment.name} dies at ${name}`)
  environment.end()
}

const freeze = (world: World, environment: Environment): void => {
  const forMs = world.random.pick(FREEZES_MS)
  world.log(() => `${environment.name} stands still for ${forMs} ms`)
  environment.frozenUntilMs = world.nowMs + forMs
}
