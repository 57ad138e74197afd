import type { Duration } from '../../base/duration.ts'
import { MillraceError } from '../../base/errors.ts'
import { checkDurationMs } from '../checks.ts'
import { DStream } from '../dstream.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Computes the RDD of each batch once and keeps it in memory until the batch ends, even if
     * several operations use it. Returns this stream.
     *
     * @throws MillraceError `PLAN_FROZEN` after the pipeline is built.
     * @example const parsed = lines.map((line) => JSON.parse(line) as Click).cache()
     */
    cache(): this

    /**
     * The same as `cache()`. Memory is the only storage level.
     *
     * @throws MillraceError `PLAN_FROZEN` after the pipeline is built.
     * @example lines.persist()
     */
    persist(): this

    /**
     * Sets how often `mapWithState` checks for keys that have timed out. Default: in every batch.
     * It has no effect on other operations, because all state is durable after every batch anyway.
     * Returns this stream.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when the interval is not a multiple of this stream's
     * slide; `PLAN_FROZEN` after the pipeline is built.
     * @example
     * ```ts
     * visits.mapWithState(StateSpec.function(lastSeen).timeout(minutes(30))).checkpoint(minutes(1))
     * ```
     */
    checkpoint(interval: Duration): this
  }
}

DStream.prototype.cache = function () {
  return this.describe({ cached: true })
}

DStream.prototype.persist = function () {
  return this.describe({ cached: true })
}

DStream.prototype.checkpoint = function (interval) {
  const checkpointMs = checkDurationMs('checkpoint() interval', interval)
  const slideMs = this.slideDuration.milliseconds
  if (checkpointMs % slideMs === 0) return this.describe({ timerMs: checkpointMs })
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'checkpoint() needs a multiple of the slide of its stream',
    value: `${checkpointMs} ms, on a stream with a slide of ${slideMs} ms`,
    allowed: `${slideMs} ms, ${2 * slideMs} ms, and so on`,
  })
}
