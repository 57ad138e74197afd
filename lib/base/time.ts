/** The time of a batch, handed to user functions. `milliseconds` counts from the epoch, as in Spark's `Time`. */
export interface Time {
  readonly milliseconds: number
}

/** A batch time as users see it. */
export const timeOf = (milliseconds: number): Time => Object.freeze({ milliseconds })
