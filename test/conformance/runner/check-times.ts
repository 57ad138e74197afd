/** Cases of durations and times: `params.args` are milliseconds. */
import { type Duration, milliseconds, seconds, type Time, timeOf } from 'millrace'
import { checkSame } from './compare.ts'
import { entry } from './table.ts'
import type { Vector } from './vector.ts'

/** No function makes a duration of zero, but subtracting a length from itself does. */
const durationOf = (ms: number): Duration =>
  ms === 0 ? milliseconds(1).minus(milliseconds(1)) : milliseconds(ms)

type Answer = (...args: readonly number[]) => unknown

interface Ordered<T> {
  readonly milliseconds: number
  less(other: T): boolean
  lessEq(other: T): boolean
  greater(other: T): boolean
  greaterEq(other: T): boolean
  min(other: T): T
  max(other: T): T
}

const comparison = <T extends Ordered<T>>(a: T, b: T): unknown => ({
  less: a.less(b),
  lessEq: a.lessEq(b),
  greater: a.greater(b),
  greaterEq: a.greaterEq(b),
  min: a.min(b).milliseconds,
  max: a.max(b).milliseconds,
})

const moments = (times: readonly Time[]): readonly number[] =>
  times.map((time) => time.milliseconds)

/** Properties of both types are checked on both. */
const ANSWERS: Readonly<Record<string, readonly Answer[]>> = {
  compare: [
    (a = 0, b = 0) => comparison(durationOf(a), durationOf(b)),
    (a = 0, b = 0) => comparison(timeOf(a), timeOf(b)),
  ],
  plus: [
    (a = 0, b = 0) => durationOf(a).plus(durationOf(b)).milliseconds,
    (a = 0, b = 0) => timeOf(a).plus(durationOf(b)).milliseconds,
  ],
  minus: [
    (a = 0, b = 0) => durationOf(a).minus(durationOf(b)).milliseconds,
    (a = 0, b = 0) => timeOf(a).minus(durationOf(b)).milliseconds,
    (a = 0, b = 0) => timeOf(a).minus(timeOf(b)).milliseconds,
  ],
  times: [(a = 0, count = 0) => durationOf(a).times(count).milliseconds],
  div: [(a = 0, b = 0) => durationOf(a).div(durationOf(b))],
  isMultipleOf: [
    (a = 0, b = 0) => durationOf(a).isMultipleOf(durationOf(b)),
    (a = 0, b = 0) => timeOf(a).isMultipleOf(durationOf(b)),
  ],
  isZero: [(a = 0) => durationOf(a).isZero()],
  Seconds: [(count = 0) => seconds(count).milliseconds],
  floor: [(a = 0, step = 0) => timeOf(a).floor(durationOf(step)).milliseconds],
  floorFrom: [
    (a = 0, step = 0, zero = 0) => timeOf(a).floor(durationOf(step), timeOf(zero)).milliseconds,
  ],
  until: [(a = 0, b = 0, step = 0) => moments(timeOf(a).until(timeOf(b), durationOf(step)))],
  to: [(a = 0, b = 0, step = 0) => moments(timeOf(a).to(timeOf(b), durationOf(step)))],
}

const check = async ({ op, params, expectedValue }: Vector): Promise<void> => {
  for (const answer of entry(ANSWERS, op) ?? [])
    checkSame(expectedValue, answer(...(params['args'] as readonly number[])))
}

/** The checks, by operation. */
export const timeChecks = Object.fromEntries(Object.keys(ANSWERS).map((op) => [op, check]))
