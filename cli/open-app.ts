import type { Operated } from '../lib/runtime/operations/operated.ts'
import type { Trigger } from '../lib/runtime/driver/triggers.ts'
import type { Deployment } from '../lib/tools/deployment.ts'

/** A deployed application, as commands need it. */
export interface Deployed extends Deployment {
  /** Calls the driver. */
  readonly scheduleTriggers: (triggers: readonly Trigger[]) => Promise<void>
}

/** An application that a command can work on. */
export interface OpenApp extends Operated {
  /** Where it is, for people. */
  readonly place: string
  /** The option that names it. */
  readonly target: string
  /** No batch is later than this, epoch milliseconds. */
  readonly lastMs: number
  /** Undefined: it is on this machine. */
  readonly deployed?: Deployed
}
