/** Ranges of numbers in settings: a mistake is easiest to find where it is made. */
import { MillraceError } from './errors.ts'

/** A number that a setting must be. */
interface Range {
  /** In words, for the error. */
  readonly allowed: string
  readonly test: (value: number) => boolean
}

const isNumber = (value: unknown): value is number => typeof value === 'number'

export const ABOVE_ZERO: Range = {
  allowed: 'a number above 0',
  test: (value) => Number.isFinite(value) && value > 0,
}

export const ZERO_OR_MORE: Range = {
  allowed: 'a number, 0 or more',
  test: (value) => Number.isFinite(value) && value >= 0,
}

export const WHOLE_FROM_ONE: Range = {
  allowed: 'a whole number, 1 or more',
  test: (value) => Number.isSafeInteger(value) && value >= 1,
}

export const WHOLE_FROM_ZERO: Range = {
  allowed: 'a whole number, 0 or more',
  test: (value) => Number.isSafeInteger(value) && value >= 0,
}

export const FRACTION: Range = {
  allowed: 'a number above 0, up to 1',
  test: (value) => value > 0 && value <= 1,
}

/** Checks a number that was given to a setting, and returns it. */
export const checkNumber = (setting: string, value: number, range: Range): number => {
  if (isNumber(value) && range.test(value)) return value
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${setting} is not allowed`,
    value,
    allowed: range.allowed,
  })
}
