import type { World } from '../world.ts'

/** One step of the test. */
export interface Step {
  readonly name: string
  /** Gives what it has counted, in a line. */
  readonly run: (world: World) => Promise<string>
}
