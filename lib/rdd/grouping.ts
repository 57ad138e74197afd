/** What operators share that group values by key, or call functions of users on them. */
import { isMillraceError } from '../base/errors.ts'
import type { Coded, KeyedMap } from '../base/keys.ts'
import { isPromiseError } from '../base/promises.ts'
import { errorOf } from './bad-records.ts'
import type { Combining } from './shuffle-types.ts'

/** For grouping: adds one more value of a key. */
export const appendValue = <K, V>(map: KeyedMap<K, V[]>, key: Coded<K>, value: V): void => {
  map.update(key, (values) => {
    if (values === undefined) return [value]
    values.push(value)
    return values
  })
}

const joinValues = <V>(a: V[], b: readonly V[]): V[] => {
  for (const value of b) a.push(value)
  return a
}

/** Groups the values of each key in a shuffle, in their order. */
export const grouping = <V>(): Combining<V, V[]> => ({
  create: (value) => [value],
  add: (values, value) => {
    values.push(value)
    return values
  },
  merge: joinValues,
})

/** Runs the work. Wraps an error of a user function in one that names its operator. */
export const blamingLater = async <R>(
  label: string,
  record: string,
  work: () => Promise<R>,
): Promise<R> => {
  try {
    return await work()
  } catch (error) {
    if (isMillraceError(error) && !isPromiseError(error)) throw error
    throw errorOf({ label, record, error })
  }
}
