/**
 * Where the library differs from Spark on purpose: docs/differences.md, as data. A case to which a difference applies is run like any other,
 * with what the library is to give instead.
 */
import type { Vector } from './vector.ts'

/** One row of docs/differences.md. */
export interface Difference {
  /** The first cell of its row. */
  readonly row: string
  readonly applies: (vector: Vector) => boolean
  /** The case as it is here. */
  readonly expected: (vector: Vector) => Vector
}

const DIFFERENCES: readonly Difference[] = []

/** The difference that a case is about. */
export const differenceOf = (vector: Vector): Difference | undefined => DIFFERENCES.find(({ applies }) => applies(vector))
