/** Calls by name: vectors are data, and say which operation they mean in words. */
import { MissingOperation } from './outcome.ts'

/** A stream, a dataset or a context of the library, whatever its elements are. */
export type Handle = object

/** Calls a method of the library. What it has not got is told apart from what it does wrong. */
export const call = <R = Handle>(on: Handle, method: string, ...args: readonly unknown[]): R => {
  const f = (on as Readonly<Record<string, unknown>>)[method]
  if (typeof f !== 'function') throw new MissingOperation(`${on.constructor.name}.${method}()`)
  return (f as (...given: unknown[]) => R).apply(on, [...args])
}
