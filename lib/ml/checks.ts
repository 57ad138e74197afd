/** Checks of settings and of records: a mistake is easiest to find where it is made. */
import { MillraceError } from '../base/errors.ts'
import { DStream } from '../dstream/dstream.ts'

/**
 * A vector: its coordinates, in order. Sparse vectors are written out.
 *
 * @example const point: Vector = [1.5, -2]
 */
export type Vector = readonly number[]

/**
 * Throws for a model that would be stored with numbers that no batch can bring back: then the model
 * stays as it was, and the batch is tried again after a deployment.
 */
export const checkConverges = (numbers: readonly number[], fix: string): void => {
  if (numbers.every(Number.isFinite)) return
  throw new MillraceError('BATCH_FAILED', {
    problem: 'The model diverges: after this batch, its numbers are not finite any more',
    value: numbers.slice(0, 10),
    fix,
  })
}

/** A number that a setting must be. */
interface Range {
  /** In words, for the error. */
  readonly allowed: string
  readonly test: (value: number) => boolean
}

/** Checks that an operation got a stream, and returns it. */
export const checkStream = <T>(operation: string, stream: DStream<T>): DStream<T> => {
  if (stream instanceof DStream) return stream
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${operation}() needs a stream`,
    value: stream,
    fix: `for example ${operation}(ssc.textFileStream('in').map(...))`,
  })
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

/** `every` would leave out the places of an array that hold nothing. */
const isVector = (value: unknown): value is Vector => {
  if (!Array.isArray(value)) return false
  for (let i = 0; i < value.length; i++) if (!Number.isFinite(value[i])) return false
  return true
}

/** A vector of finite numbers in a setting, as a copy. */
export const checkVector = (setting: string, vector: Vector): Vector => {
  if (isVector(vector) && vector.length > 0) return [...vector]
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${setting} needs a vector`,
    value: vector,
    allowed: 'an array of one or more finite numbers',
  })
}

/**
 * Throws for what is no vector of this size. One record with NaN would make a whole model NaN, and
 * it would stay so: such a record is put aside.
 */
export const checkRecord = (vector: unknown, size: number): void => {
  if (!isVector(vector) || vector.length !== size)
    throw new TypeError(`the model needs vectors of ${size} finite numbers`)
}
