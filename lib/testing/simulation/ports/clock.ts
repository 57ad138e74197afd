import type { Clock } from '../../../ports/clock.ts'
import type { Randomness } from '../../../ports/randomness.ts'
import type { Environment } from '../environment.ts'
import type { World } from '../world.ts'

/** The clock of one process: it may be wrong, and stands still when its process does. */
export const simulatedClock = (world: World, environment: Environment): Clock => ({
  now: () => world.clockMs + environment.clockSkewMs,
  sleep: (durationMs) =>
    new Promise((resolve) => world.after(durationMs, () => world.inside(environment, resolve))),
})

/** Attempt ids that say whose they are; no two are equal. */
export const simulatedRandomness = (world: World, environment: Environment): Randomness => {
  const random = world.random.fork()
  let made = 0
  return {
    attemptId: () => `${environment.name}x${++made}y${random.between(0, 0xffffff).toString(16)}`,
  }
}
