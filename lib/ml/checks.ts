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

/** Checks that an operation got a stream, and returns it. */
export const checkStream = <T>(operation: string, stream: DStream<T>): DStream<T> => {
  if (stream instanceof DStream) return stream
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${operation}() needs a stream`,
    value: stream,
    fix: `for example ${operation}(ssc.textFileStream('in').map(...))`,
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
