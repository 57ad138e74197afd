/** Calls methods by name: vectors are data and name their operations in words. */
import { MissingOperation } from './outcome.ts'

/** A stream, an RDD or a context of the library, with elements of any type. */
export type Handle = object

/** Calls a method of the library. A missing method gives another error than a failing one. */
export const call = <R = Handle>(on: Handle, method: string, ...args: readonly unknown[]): R => {
  const f = (on as Readonly<Record<string, unknown>>)[method]
  if (typeof f !== 'function') throw new MissingOperation(`${on.constructor.name}.${method}()`)
  return (f as (...given: unknown[]) => R).apply(on, [...args])
}
