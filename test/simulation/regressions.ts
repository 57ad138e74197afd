/**
 * A seed that has failed once, and the bug that it showed. When the world changes, a seed draws
 * another run; each one is kept where it failed last.
 */
export interface FailedOnce {
  readonly seed: number
  readonly what: string
}

/** They must never fail again. */
export const failedOnce: readonly FailedOnce[] = [
  {
    seed: 3,
    what:
      'a driver whose clock is a day ahead committed batches of the next day, and left nothing ' +
      'to do until then',
  },
  {
    seed: 103,
    what:
      'a process that had stood still adopted a head whose manifest was gone by then, and ' +
      'reported lost data',
  },
  {
    seed: 15,
    what:
      'a sweep of dozens of calls in every cold start kept each attempt from getting through, ' +
      'until it ran out of time',
  },
  {
    seed: 12,
    what: 'after one call of a sweep failed, the others still ran when the function answered',
  },
  {
    seed: 132,
    what:
      'an upload over another was judged by the event of the earlier one, and counted as older ' +
      'than the application',
  },
  {
    seed: 57,
    what:
      'an attempt wrote its smaller input over the one that the head named, and ended before it ' +
      'was logged',
  },
]
