import type { Duration } from '../../base/duration.ts'
import { MillraceError } from '../../base/errors.ts'
import { checkDurationMs } from '../checks.ts'
import { DStream } from '../dstream.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Computes each batch's dataset of this stream once, in memory, however many operations look at
     * it. Nothing stays from one batch to the next. Gives this same stream.
     *
     * @throws MillraceError `PLAN_FROZEN` after the pipeline is built.
     * @example const parsed = lines.map((line) => JSON.parse(line) as Click).cache()
     */
    cache(): this

    /**
     * The same as `cache()`: there is one place to keep things, which is memory.
     *
     * @throws MillraceError `PLAN_FROZEN` after the pipeline is built.
     * @example lines.persist()
     */
    persist(): this

    /**
     * How often `mapWithState` looks for keys that have timed out, where every batch is too often;
     * everything else is durable after every batch anyway, and takes no notice. Gives this same
     * stream.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when the interval is not a multiple of this stream's
     * slide; `PLAN_FROZEN`.
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
    value: `${checkpointMs} ms over datasets that come every ${slideMs} ms`,
    allowed: `${slideMs} ms, ${2 * slideMs} ms, and so on`,
  })
}
