import type { WorldPorts } from '../lib/runtime/compose.ts'
import type { Trigger } from '../lib/runtime/driver/triggers.ts'

/** All ports of the functions. Ports behind a promise are loaded when first needed. */
export interface FunctionPorts extends WorldPorts {
  /** Sends triggers to the driver. */
  readonly scheduleTriggers: (triggers: readonly Trigger[]) => Promise<void>
  /** Writes a line to the log. */
  readonly write: (line: string) => void
}
