/**
 * A seed that has failed once, and what it showed. What a seed draws changes when the world does:
 * each is kept where it failed last.
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
      'a process that had stood still adopted a head whose manifest was gone by then, and took ' +
      'that for lost data',
  },
  {
    seed: 15,
    what:
      'a sweep of dozens of calls in every cold start kept each attempt from getting through, ' +
      'until it was given up',
  },
  {
    seed: 12,
    what: 'a sweep of which one call failed left the others under way when the function answered',
  },
  {
    seed: 132,
    what:
      'an upload over another was judged by the event of the earlier one, and taken for older ' +
      'than the application',
  },
  {
    seed: 57,
    what:
      'an attempt wrote its smaller plan over the one that the head named, and ended before it ' +
      'was logged',
  },
]
