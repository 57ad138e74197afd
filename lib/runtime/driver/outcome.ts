import type { WaitingKeys } from './to-the-end.ts'
import type { FailureReason } from '../../state/head.ts'

/** The result of one step of the driver, or of a run. */
export type Outcome =
  /** This driver or another one did something: read a new snapshot. */
  | { readonly kind: 'progressed' }
  /**
   * Nothing is due before `dueMs`. Undefined: at rest until input arrives. `isResting`: at rest
   * until `dueMs`, and intake calls the driver if input arrives earlier. `waiting`: after a run to
   * the end, the keys that wait for a time-out.
   */
  | {
      readonly kind: 'idle'
      readonly dueMs: number | undefined
      readonly isResting?: true
      readonly waiting?: WaitingKeys
    }
  /** Another runner holds the lease, until `untilMs` at most. */
  | { readonly kind: 'busy'; readonly untilMs: number }
  /** A batch has failed and is tried again at `atMs`. */
  | { readonly kind: 'retry'; readonly atMs: number; readonly reason: FailureReason }
  /** The application has stopped until an operator resumes it. */
  | { readonly kind: 'failed'; readonly reason: FailureReason }
  /** The clocks of this machine and the store differ too much to say when a batch is due. */
  | { readonly kind: 'skewed'; readonly skewMs: number }
  /** A newer deployment has taken over the store. */
  | { readonly kind: 'superseded'; readonly generation: number }

/** See {@link Outcome}. */
export const PROGRESSED: Outcome = { kind: 'progressed' }
