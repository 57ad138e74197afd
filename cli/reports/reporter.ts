import type { Printer } from '../../lib/ports/printer.ts'
import type { WaitingKeys } from '../../lib/runtime/driver/to-the-end.ts'
import type { RuntimeEvent } from '../../lib/runtime/events.ts'
import type { Location } from '../../lib/runtime/locations.ts'
import type { StatusLine } from './status-line.ts'
import type { Style } from './style.ts'

/** A source of the run. */
export interface RunningSource {
  /** The id of its node. */
  readonly id: string
  /** Its name in the pipeline. */
  readonly name: string
  readonly location: Location
  /** What the source reads: `files in ./in`. */
  readonly what: string
  /** How the user gives the source something to read. */
  readonly howToFeed?: string
}

/** What a run starts with. */
export interface Started {
  readonly app: string
  /** The hash of the plan. */
  readonly plan: string
  readonly generation: number
  readonly intervalMs: number
  /** The directory of the store, as the user wrote it. */
  readonly state: string
  readonly once: boolean
  /** The address of the page. Left out: there is none. */
  readonly page?: string
  /** Whether nothing has run on this store before. */
  readonly isFirst: boolean
  readonly nodes: readonly string[]
  readonly intakeStages: readonly { readonly source: string; readonly nodes: readonly string[] }[]
  readonly sources: readonly RunningSource[]
}

/** How a run ended, and what it did. */
export interface Ended {
  readonly how: 'done' | 'stopped' | 'failed' | 'superseded' | 'error'
  /** Only after a failure. True: no run tries the batch again until an operator resumes it. */
  readonly final?: boolean
  readonly exitCode: number
  readonly batches: number
  readonly records: number
  readonly deadLetters: number
  /** With `--once`: keys that still wait for a time-out. */
  readonly waiting?: WaitingKeys
  /** The error, if the run did not end well. */
  readonly error?: { readonly code: string; readonly message: string }
}

/** Shows the events of a run. */
export interface Reporter {
  showStart(run: Started): void
  /** Shows the text of print(), which is formatted already. */
  print(text: string): void
  /** Resolves when what was printed is handed over. Rejects if it was not. */
  flushed(): Promise<void>
  event(event: RuntimeEvent): void
  /** Says that a stop was requested, and waits for the current batch. */
  stopping(): void
  showEnd(end: Ended): void
}

/** Prints text, in a colour where the stream is a terminal. */
export interface StyledPrinter extends Printer {
  print(text: string, style?: Style): void
}

/**
 * The standard output and the standard error. `out` and `err` show what others wrote without
 * control characters: see {@link printable}.
 */
export interface Outputs {
  readonly out: StyledPrinter
  readonly err: StyledPrinter
  /** The width of the standard output. Left out: it is no terminal. */
  readonly columns?: number
  /**
   * The standard output for the records of print(). A terminal gets them as `out` does. A pipe or a
   * file gets them unchanged.
   */
  readonly records: Printer
  /** A line for progress. Left out: the standard error is no terminal. */
  readonly status?: StatusLine
}
