import type { WorldPorts } from '../lib/runtime/compose.ts'
import type { Trigger } from '../lib/runtime/driver/triggers.ts'

/**
 * All that the functions need of the world. What gives a promise is loaded when it is asked for.
 */
export interface FunctionPorts extends WorldPorts {
  /** Sends triggers to the driver. */
  readonly scheduleTriggers: (triggers: readonly Trigger[]) => Promise<void>
  /** Writes a line to the log. */
  readonly write: (line: string) => void
}
