import type { Operated } from '../../../../lib/runtime/operations/operated.ts'
import { APP, type World } from '../harness.ts'

export const LEASE_MS = 60_000

/** The application of a world, for commands of operators. */
export const operated = (world: World, parts: Partial<Operated> = {}): Operated => ({
  store: world.store,
  app: APP,
  clock: world.clock,
  randomness: world.randomness,
  leaseMs: LEASE_MS,
  ...parts,
})
