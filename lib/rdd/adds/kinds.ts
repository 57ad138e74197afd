/** The kinds of accumulators that come with Millrace, and the form of their states. */

/** The sum, and how many values were added. */
export type NumberState = readonly [sum: number, count: number]

/** The last elements, and how many were added. */
export interface CollectionState {
  readonly kept: readonly unknown[]
  readonly count: number
}

/** The kind of an accumulator that users put together themselves. */
export const CUSTOM = 'custom'

/** The value of a state, as users see it. */
export const valueOf = (kind: string, state: unknown): unknown => {
  if (kind === 'long' || kind === 'double') return (state as NumberState)[0]
  return kind === 'collection' ? (state as CollectionState).kept : state
}

/** What a batch has added, as a number: the sum, or how many elements. Undefined: it is none. */
export const amountOf = (kind: string, state: unknown): number | undefined => {
  if (kind === 'long' || kind === 'double') return (state as NumberState)[0]
  return kind === 'collection' ? (state as CollectionState).count : undefined
}
