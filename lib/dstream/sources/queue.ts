import { MillraceError } from '../../base/errors.ts'
import type { AnyValue } from '../../rdd/pair-types.ts'
import type { RDD } from '../../rdd/rdd.ts'
import type { DStream } from '../dstream.ts'
import { StreamingContext } from '../streaming-context.ts'
import type { SourceDeclaration } from './declaration.ts'
import { sourceNode } from './source-node.ts'

/**
 * The RDDs of a queueStream: the user's own array. Batches remove RDDs from its front.
 *
 * @example const queue: Queue<number> = [[1, 2], parallelize([3])]
 */
export type Queue<T> = (readonly T[] | RDD<T>)[]

/**
 * Settings of `queueStream`.
 *
 * @example ssc.queueStream([[1], [2]], { oneAtATime: false, whenEmpty: [0] })
 */
export interface QueueStreamOptions<T> {
  /**
   * Whether each batch takes one RDD of the queue (true) or all RDDs that are in it (false).
   * Default true.
   */
  readonly oneAtATime?: boolean
  /** The RDD of a batch that finds the queue empty. Default: an empty RDD of one partition. */
  readonly whenEmpty?: readonly T[] | RDD<T>
}

/** RDDs from the memory of this process. */
export interface QueueDeclaration extends SourceDeclaration {
  readonly kind: 'queue'
  readonly queue: Queue<unknown>
  readonly oneAtATime: boolean
  /** The RDD of a batch that finds the queue empty. */
  readonly whenEmpty: Queue<unknown>[number] | undefined
}

/** Whether a source is a queue in memory. */
export const isQueue = (declared: SourceDeclaration): declared is QueueDeclaration =>
  declared.kind === 'queue'

declare module '../streaming-context.ts' {
  interface StreamingContext {
    /**
     * RDDs from an array in this process. Each batch takes the first one, or all of them with
     * `oneAtATime: false`. A batch that finds none takes `whenEmpty`. For tests and experiments
     * only: memory cannot be recovered, so a pipeline with a queueStream cannot start again on the
     * store of an earlier run.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when the queue is not an array; `PLAN_FROZEN`.
     * @example ssc.queueStream([[1, 2], [3]]).map((n) => n * 2).print()
     */
    queueStream<T extends AnyValue>(queue: Queue<T>, options?: QueueStreamOptions<T>): DStream<T>
  }
}

StreamingContext.prototype.queueStream = function <T>(
  this: StreamingContext,
  queue: Queue<T>,
  { oneAtATime = true, whenEmpty }: QueueStreamOptions<T> = {},
) {
  if (!Array.isArray(queue))
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'queueStream() needs an array of RDDs',
      value: queue,
      fix: 'for example queueStream([[1, 2], [3]])',
    })
  const declared: QueueDeclaration = {
    kind: 'queue',
    elements: 'what is in the queue',
    queue: queue as Queue<unknown>,
    oneAtATime,
    whenEmpty: whenEmpty as Queue<unknown>[number] | undefined,
  }
  return this.from<T>(sourceNode('queueStream', { oneAtATime }, declared))
}
