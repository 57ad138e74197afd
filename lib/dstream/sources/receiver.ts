import { checkFunction } from '../checks.ts'
import type { DStream } from '../dstream.ts'
import { StreamingContext } from '../streaming-context.ts'
import type { SourceDeclaration } from './declaration.ts'
import { sourceNode } from './source-node.ts'

/**
 * What a receiver can do.
 *
 * @example
 * ```ts
 * const greet = async ({ store }: Receiving<string>): Promise<void> => void (await store('hello'))
 * ```
 */
export interface Receiving<T> {
  /**
   * Stores records, in order. It resolves when they are durable: only then may the receiver
   * acknowledge them to their origin. A receiver that does not wait may lose what is under way when
   * the process ends. Calls may overlap.
   */
  readonly store: (...records: readonly T[]) => Promise<void>
  /** Says something to the person who watches: connected, lost, connecting again. */
  readonly report: (message: string) => void
  /** Aborted when the run ends: the receiver must end too. */
  readonly signal: AbortSignal
}

/**
 * Receives until there is no more, or until its signal is aborted.
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
     * Records from a function that runs beside the pipeline, in its process. The function stores
     * what it receives, and ends when its signal is aborted. If it ends or throws before, it is
     * called again after 2 s. A receiver that waits for `store` before it acknowledges loses
     * nothing; one that does not may lose what is under way when the process ends.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when `receive` is no function; `PLAN_FROZEN`.
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
    receive: checkFunction('receiverStream', receive) as Receive<unknown>,
  }
  return this.from<T>(sourceNode('receiverStream', {}, declared))
}
