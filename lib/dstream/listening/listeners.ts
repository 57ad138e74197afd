/** The methods of the context that add and remove listeners. They may be called at any time. */
import { MillraceError } from '../../base/errors.ts'
import { StreamingContext } from '../streaming-context.ts'
import type { StreamingListener } from './streaming-listener.ts'

declare module '../streaming-context.ts' {
  interface StreamingContext {
    /**
     * Adds a listener to this process: see {@link StreamingListener}. A listener that is there
     * already is not added again. Works at any time, also while batches run.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when it is no object.
     * @example
     * ```ts
     * ssc.addStreamingListener({
     *   onBatchCompleted: ({ batchInfo }) => console.log(batchInfo.numRecords),
     * })
     * ```
     */
    addStreamingListener(listener: StreamingListener): void
    /**
     * Removes a listener. One that is not there is left alone.
     *
     * @example
     * ```ts
     * const listener: StreamingListener = {}
     * ssc.addStreamingListener(listener)
     * ssc.removeStreamingListener(listener)
     * ```
     */
    removeStreamingListener(listener: StreamingListener): void
  }
}

StreamingContext.prototype.addStreamingListener = function (listener) {
  if (typeof listener !== 'object' || listener === null)
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'addStreamingListener() needs a listener',
      value: listener,
      allowed: 'an object with methods such as onBatchCompleted',
    })
  this.listeners.add(listener)
}

StreamingContext.prototype.removeStreamingListener = function (listener) {
  this.listeners.delete(listener)
}
