import type { PlantedBug } from './bug.ts'

const pipeline = 'event-time'

/** Bugs of windows by event time. */
export const eventTimeBugs: readonly PlantedBug[] = [
  {
    name: 'lateness by the watermark of the batch',
    effect: 'a record is late by another one of its batch',
    pipeline,
    edits: [
      {
        file: 'lib/dstream/operators/timed-window-node.ts',
        find: `const combining = timedCombining(windows, timer.watermark.before ?? -Infinity)
  const exchange = combinedExchange`,
        replace: `const latest = timer.eventTime?.latestMs ?? -Infinity
  const combining = timedCombining(windows, latest)
  const exchange = combinedExchange`,
      },
    ],
  },
  {
    name: 'a rest that no idle lane ends',
    effect: 'windows stay open while the lane that holds the watermark is idle',
    pipeline,
    edits: [
      {
        file: 'lib/dstream/operators/event-time.ts',
        find: 'dueMs: (after) => idleDueMs(after, rule)',
        replace: 'dueMs: (after) => (after === undefined ? idleDueMs(after, rule) : undefined)',
      },
    ],
  },
]
