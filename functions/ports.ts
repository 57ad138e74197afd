import type { WorldPorts } from '../lib/runtime/compose.ts'
import type { Trigger } from '../lib/runtime/driver/triggers.ts'

/** The ports that both functions have. Ports behind a promise are loaded when first needed. */
export interface FunctionPorts extends Omit<WorldPorts, 'sinks'> {
  /** Sends triggers to the driver. */
  readonly scheduleTriggers: (triggers: readonly Trigger[]) => Promise<void>
  /** Writes a line to the log. */
  readonly write: (line: string) => void
}

/** The ports of the driver. */
export type DriverPorts = FunctionPorts & Pick<WorldPorts, 'sinks'>
