import type { Clock } from './clock.ts'

/** What a sink needs that connects to something outside. A world without it reaches nothing. */
export interface Connections {
  /** For pauses between two tries. */
  readonly clock: Clock
  /** Whether files of this world last. Default: they do not. */
  readonly files?: boolean
}
