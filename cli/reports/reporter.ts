import type { Printer } from '../../lib/ports/printer.ts'
import type { RuntimeEvent } from '../../lib/runtime/events.ts'
import type { Location } from '../../lib/runtime/locations.ts'

/** A source, as it runs. */
export interface RunningSource {
  /** The id of its node. */
  readonly id: string
  /** As the pipeline calls it. */
  readonly name: string
  readonly location: Location
  /** What is read there: `files in ./in`. */
  readonly what: string
  /** How to give it something to read. */
  readonly howToFeed?: string
}

/** What has been started. */
export interface Started {
  readonly app: string
  /** The hash of the plan. */
  readonly plan: string
  readonly generation: number
  readonly intervalMs: number
  /** The directory of the store, as the user wrote it. */
  readonly state: string
  readonly once: boolean
  readonly nodes: readonly string[]
  readonly intakeStages: readonly { readonly source: string; readonly nodes: readonly string[] }[]
  readonly sources: readonly RunningSource[]
}

/** How it ended, and what it did. */
export interface Ended {
  readonly how: 'done' | 'stopped' | 'failed' | 'superseded' | 'error'
  /** Of a failure: no run tries the batch again until a person resumes it. */
  readonly final?: boolean
  readonly exitCode: number
  readonly batches: number
  readonly records: number
  readonly deadLetters: number
  /** Why, if it did not end well. */
  readonly error?: { readonly code: string; readonly message: string }
}

/** Tells what happens in a run. */
export interface Reporter {
  showStart(run: Started): void
  /** What print() gives: formatted already. */
  print(text: string): void
  event(event: RuntimeEvent): void
  /** A stop was asked for and waits for the batch in flight. */
  stopping(): void
  showEnd(end: Ended): void
}

/** The standard output and the standard error. */
export interface Outputs {
  readonly out: Printer
  readonly err: Printer
}
