import type { Duration } from '../../base/duration.ts'
import type { PairKey, PairValue } from '../../rdd/pair-types.ts'
import { checkPair } from '../../rdd/pairs.ts'
import { sessionWindowing } from '../../state/operator/time-spans.ts'
import { checkDurationMs } from '../checks.ts'
import { DStream, type PairStream } from '../dstream.ts'
import type { TimeOfWindows } from './timed-window-node.ts'
import { KeyedWindows } from './timed-windows.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Sessions by batch time: the batches in which a key has pairs, as long as they are no more
     * than `gap` apart. A session ends a gap after its last batch, and gives its final result in
     * the first batch at or after its end. A pipeline at rest wakes for it. On pairs only.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when the gap is not a duration.
     * @example pairs.sessionWindow(minutes(10)).reduceByKey((a, b) => a + b).print()
     */
    sessionWindow(
      this: PairStream<T>,
      gap: Duration,
    ): KeyedWindows<PairKey<T>, PairValue<T>, 'batch time'>
  }
}

const batchTime: TimeOfWindows = Object.freeze({
  timed:
    ({ timeMs }) =>
    (element) => {
      const [key, value] = checkPair(element as [unknown, unknown])
      return [key, { timeMs, value, lane: '' }] as const
    },
  after: ({ timeMs }) => ({ watermarkMs: timeMs, lanes: [] }),
} satisfies TimeOfWindows)

DStream.prototype.sessionWindow = function (gap) {
  const by = 'batch time'
  const windowing = sessionWindowing(checkDurationMs('sessionWindow() gap', gap), by)
  return new KeyedWindows({ stream: this, windowing, time: batchTime, by })
}
