/** The lane of hints: one for each source, in which whoever comes first is first. No record of a stream is in it. */
export const HINT_LANE = 'hints'
