import type { Operated } from '../lib/runtime/operations/operated.ts'
import type { Trigger } from '../lib/runtime/driver/triggers.ts'
import type { Deployment } from '../lib/tools/deployment.ts'

/** A deployed application, with a way to call its driver. */
export interface Deployed extends Deployment {
  /** Calls the driver. */
  readonly scheduleTriggers: (triggers: readonly Trigger[]) => Promise<void>
}

/** An application that a command can work on. */
export interface OpenApp extends Operated {
  /** Where the application is, as text for the user. */
  readonly location: string
  /** The option of the command line that names the application. */
  readonly target: string
  /** No batch is later than this. Epoch milliseconds. Reads the head. */
  readonly lastMs: () => Promise<number>
  /** Undefined: the application is on this machine. */
  readonly deployed?: Deployed
}
