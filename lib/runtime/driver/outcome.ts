import type { FailureReason } from '../../state/head.ts'

/** What came of looking for work. */
export type Outcome =
  /** Something was done, here or elsewhere: look again. */
  | { readonly kind: 'progressed' }
  /**
   * Nothing is due before `dueMs`. Undefined: at rest, until something comes. `isResting`:
   * something may come before `dueMs`, and then intake calls.
   */
  | { readonly kind: 'idle'; readonly dueMs: number | undefined; readonly isResting?: true }
  /** Another runner holds the lease, at most until then. */
  | { readonly kind: 'busy'; readonly untilMs: number }
  /** A batch has failed and is tried again then. */
  | { readonly kind: 'retry'; readonly atMs: number; readonly reason: FailureReason }
  /** The application has stopped until a person resumes it. */
  | { readonly kind: 'failed'; readonly reason: FailureReason }
  /** This machine's clock is too far from the store's to say when a batch is due. */
  | { readonly kind: 'skewed'; readonly skewMs: number }
  /** A newer deployment has the store. */
  | { readonly kind: 'superseded'; readonly generation: number }

/** See {@link Outcome}. */
export const PROGRESSED: Outcome = { kind: 'progressed' }
