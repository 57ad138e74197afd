import type { World } from '../world.ts'

/** One step of the test. */
export interface Step {
  readonly name: string
  /** Returns its counts as one line of text. */
  readonly run: (world: World) => Promise<string>
}
