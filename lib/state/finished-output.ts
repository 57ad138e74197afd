import type { Receipt } from '../ports/sink.ts'

/**
 * An output of a batch that is written, and is shown to readers when the batch is committed. The
 * location is kept as it was when it was written: the next deployment may bind its name elsewhere.
 */
export interface FinishedOutput {
  readonly location: { readonly kind: string; readonly path: string }
  readonly timeMs: number
  /** The attempt that wrote it, which may be earlier than the one that is committed. */
  readonly generation: number
  readonly epoch: number
  readonly receipt?: NonNullable<Receipt>
}
