import type { BlobStore } from '../lib/ports/blob-store.ts'
import type { Executors } from '../lib/ports/executors.ts'
import type { WorldPorts } from '../lib/runtime/compose.ts'
import type { Trigger } from '../lib/runtime/driver/triggers.ts'

/** The ports that all functions have. Ports behind a promise are loaded when first needed. */
export interface CommonPorts extends Omit<WorldPorts, 'sinks'> {
  /** Writes a line to the log. */
  readonly write: (line: string) => void
  /** The level that Lambda is set to. Left out: all is logged. */
  readonly logLevel?: string | undefined
}

/** The ports that intake and the driver have. */
export interface FunctionPorts extends CommonPorts {
  /** Sends triggers to the driver. */
  readonly scheduleTriggers: (triggers: readonly Trigger[]) => Promise<void>
}

/** The ports of the driver. */
export interface DriverPorts extends FunctionPorts, Pick<WorldPorts, 'sinks'> {
  /** Left out: all tasks run in the driver. */
  readonly executors?: Executors | undefined
}

/** The ports of an executor. */
export interface ExecutorPorts extends CommonPorts, Pick<WorldPorts, 'sinks'> {
  /** Where large answers go. Left out: a task with a large answer runs in the driver. */
  readonly answers?: BlobStore | undefined
}
