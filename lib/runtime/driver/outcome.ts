import type { FailureReason } from '../../state/head.ts'

/** What came of looking for work. */
export type Outcome =
  /** Something has moved: look again. */
  | { readonly kind: 'moved' }
  /** Nothing is due before `dueMs`; undefined: at rest, until something comes. `isResting`: something may come before `dueMs`, and calls. */
  | { readonly kind: 'idle'; readonly dueMs: number | undefined; readonly isResting?: true }
  /** Another runner holds the lease, at most until then. */
  | { readonly kind: 'busy'; readonly untilMs: number }
  /** A batch has failed and is tried again then. */
  | { readonly kind: 'retry'; readonly atMs: number; readonly reason: FailureReason }
  /** The application has stopped until a person resumes it. */
  | { readonly kind: 'failed'; readonly reason: FailureReason }
  /** This machine's clock is too far from the store's to say when a batch is due: another machine must run it. */
  | { readonly kind: 'skewed'; readonly skewMs: number }
  /** A newer deployment has the store. */
  | { readonly kind: 'superseded'; readonly generation: number }
