/**
 * A seed that has failed once, and the bug that it found. When the simulated world changes, a seed
 * gives another run: the number of each seed is the one at which the bug was last found.
 */
export interface FailedOnce {
  readonly seed: number
  readonly what: string
}

/** These seeds must never fail again. */
export const failedOnce: readonly FailedOnce[] = [
  {
    seed: 3,
    what:
      'a driver whose clock is a day ahead committed the batches of the next day, so that no ' +
      'batch was due until then',
  },
  {
    seed: 103,
    what:
      'a process that was frozen adopted a head whose manifest was deleted in the meantime, ' +
      'and reported lost data',
  },
  {
    seed: 15,
    what:
      'each cold start made a sweep of dozens of calls, so that each attempt ran out of time ' +
      'before it committed',
  },
  {
    seed: 12,
    what: 'one call of a sweep failed, and the function answered while the others were running',
  },
  {
    seed: 132,
    what:
      'an upload replaced an earlier one, got the time of the earlier event, and counted as ' +
      'older than the application',
  },
  {
    seed: 57,
    what:
      'an attempt overwrote the input that the head named with a smaller one, and ended before ' +
      'it logged that',
  },
  {
    seed: 21508776,
    what:
      'a false alarm: a zombie woke the head at the very end of the world, which had no time to ' +
      'rest again',
  },
  {
    seed: 21506593,
    what:
      'a false alarm: one part held more bad lines by chance than the breaker accepted, and the ' +
      'application stood as FAILED, as it must',
  },
  {
    seed: 4592,
    what:
      'an object was replaced before an executor opened its batch: the executor had other ' +
      'partitions in its tasks than the driver, and records were in no result',
  },
  {
    seed: 2327,
    what:
      'a false alarm: a delivery came again with other bounds, and a dead letter was in an item ' +
      'of its own and in a block',
  },
  {
    seed: 760,
    what:
      'a file could not be read for a moment when an output that was done was computed again: ' +
      'its records were not counted, and a dead letter would have been lost',
  },
  {
    seed: 3880,
    what:
      'another deployment logged a smaller input of a batch that was handed on: what was kept of ' +
      'its tasks stayed until the next process',
  },
  {
    seed: 1003,
    what:
      'a driver whose clock is behind emptied a lane, and deleted blocks that replays need: the ' +
      'time of its clock was compared with the times of batches',
  },
]
