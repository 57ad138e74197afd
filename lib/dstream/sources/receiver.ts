import { checkAnyFunction } from '../checks.ts'
import type { DStream } from '../dstream.ts'
import { StreamingContext } from '../streaming-context.ts'
import type { SourceDeclaration } from './declaration.ts'
import { sourceNode } from './source-node.ts'

/**
 * What a receiver can use while it runs.
 *
 * @example
 * ```ts
 * const greet = async ({ store }: Receiving<string>): Promise<void> => void (await store('hello'))
 * ```
 */
export interface Receiving<T> {
  /**
   * Stores records, in order. Resolves when they are durable. Only then may the receiver
   * acknowledge them to their source. A receiver that does not wait may lose the records of pending
   * calls when the process ends. Calls may overlap.
   */
  readonly store: (...records: readonly T[]) => Promise<void>
  /**
   * Shows a message to the operator of the application: connected, lost, connecting again. With an
   * error, listeners are told too: see `StreamingListener.onReceiverError`.
   */
  readonly report: (message: string, error?: unknown) => void
  /** Aborted when the run ends. Then the receiver must end too. */
  readonly signal: AbortSignal
}

/**
 * Receives records until there are no more, or until its signal is aborted.
 *
 * @example const greeting: Receive<string> = async ({ store }) => void (await store('hello'))
 */
export type Receive<T> = (receiving: Receiving<T>) => Promise<void>

/** Records from a function that runs beside the pipeline. */
export interface ReceiverDeclaration extends SourceDeclaration {
  readonly kind: 'receiver'
  readonly receive: Receive<unknown>
}

/** Whether a source is a user's receiver. */
export const isReceiver = (declared: SourceDeclaration): declared is ReceiverDeclaration =>
  declared.kind === 'receiver'

declare module '../streaming-context.ts' {
  interface StreamingContext {
    /**
     * Records from a function that runs beside the pipeline, in the same process. The function
     * stores what it receives, and ends when its signal is aborted. If it ends or throws before
     * that, it is called again after 2 s. A receiver that waits for `store` before it acknowledges
     * loses nothing. A receiver that does not wait may lose the records of pending calls when the
     * process ends.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when `receive` is not a function; `PLAN_FROZEN`.
     * @example
     * ```ts
     * const moments = ssc.receiverStream<number>(async ({ store, signal }) => {
     *   while (!signal.aborted) {
     *     await store(Date.now())
     *     await new Promise((resolve) => setTimeout(resolve, 1_000))
     *   }
     * })
     * ```
     */
    receiverStream<T>(receive: Receive<T>): DStream<T>
  }
}

StreamingContext.prototype.receiverStream = function <T>(
  this: StreamingContext,
  receive: Receive<T>,
) {
  const declared: ReceiverDeclaration = {
    kind: 'receiver',
    elements: 'what the receiver stores',
    receive: checkAnyFunction('receiverStream', receive) as Receive<unknown>,
  }
  return this.from<T>(sourceNode('receiverStream', {}, declared))
}
