import type { Connections } from '../../ports/connections.ts'

/**
 * The ports of the kinds of sinks. Each kind extends this interface in its own folder. Without its
 * port, a kind cannot be used in a world.
 */
export interface SinkPorts {
  /** For kinds that bring their own adapter. Left out: nothing outside can be reached. */
  readonly connections?: Connections
}
