/** One figure of the bill: what is promised, and how it is measured. */
import type { Figure } from '../report.ts'

/** What a measurement gives. */
export interface Measured {
  readonly value: number
  /** How it came about, in a line: scaled or not, and what stands beside it. */
  readonly note: string
}

/** A figure with its target. */
export interface CostFigure {
  readonly name: string
  /** What it is, in a few words. */
  readonly what: string
  readonly unit: Figure['unit']
  /** The figure must be at most this. */
  readonly target: number
}

/** A program that measures one or more figures, since some share their runs. */
export interface CostProgram {
  readonly figures: readonly CostFigure[]
  /** Measures all of them, in the order of `figures`. */
  readonly measure: () => Promise<readonly Measured[]>
}

/** Formats a number for a note. */
export const short = (value: number): string => {
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(3)))
}
