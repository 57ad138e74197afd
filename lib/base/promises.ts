/**
 * Functions on the hot path are synchronous. A promise that one of them returns is not a value: a
 * filter would keep everything, and a state would be updated too late. So it is refused.
 */
import { isMillraceError, MillraceError } from './errors.ts'

/** Whether a value is a promise, of any library. */
export const isPromise = (value: unknown): boolean =>
  ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
  typeof (value as { readonly then?: unknown }).then === 'function'

/** How deep promises are looked for: an element, a value in it, and a value in that. */
const DEPTH_MAX = 2

/**
 * Nobody waits for the promises in a value that was refused. They must not end the process when
 * they are rejected.
 */
export const ignoreRejections = (value: unknown, depth = 0): void => {
  if (typeof value !== 'object' || value === null) return
  if (value instanceof Promise) return void value.catch(() => undefined)
  if (depth >= DEPTH_MAX || ArrayBuffer.isView(value)) return
  for (const { value: inner } of Object.values(Object.getOwnPropertyDescriptors(value)))
    ignoreRejections(inner, depth + 1)
}

/**
 * Returns a result of a user's function, unless it is a promise.
 *
 * @throws MillraceError `PROMISE_UNEXPECTED`.
 */
export const refusePromise = <R>(result: R): R => {
  if (
    ((typeof result === 'object' && result !== null) || typeof result === 'function') &&
    typeof (result as { readonly then?: unknown }).then === 'function'
  )
    throw refusedError(result)
  return result
}

/** The function, which refuses to return a promise. */
export const synchronous =
  <A extends readonly unknown[], R>(f: (...args: A) => R): ((...args: A) => R) =>
  (...args) =>
    refusePromise(f(...args))

const refusedError = (promise: unknown): MillraceError => {
  ignoreRejections(promise)
  return promiseError()
}

/** Whether an error says that a function returned a promise. */
export const isPromiseError = (error: unknown): boolean =>
  isMillraceError(error) && error.code === 'PROMISE_UNEXPECTED'

/** The error for a function that returned a promise. `label` is the id of its operator. */
export const promiseError = ({
  label,
  record,
}: { readonly label?: string; readonly record?: unknown } = {}): MillraceError =>
  new MillraceError('PROMISE_UNEXPECTED', {
    problem:
      `${label === undefined ? 'A function' : `The function of ${label}`} returned a promise ` +
      'where a value is needed',
    value: record,
    allowed: 'functions that are not async and return no promise',
    fix: ASYNC_FIX,
  })

const ASYNC_FIX =
  'do asynchronous work in mapPartitions(), transform() or foreachRDD(), which wait for ' +
  'promises, or before the records come in'

const ASYNC_KINDS: ReadonlySet<string> = new Set([
  '[object AsyncFunction]',
  '[object AsyncGeneratorFunction]',
])

/**
 * Checks that a function is not declared as async.
 *
 * @throws MillraceError `PROMISE_UNEXPECTED`.
 */
export const refuseAsync = (operation: string, f: unknown): void => {
  if (!ASYNC_KINDS.has(Object.prototype.toString.call(f))) return
  throw new MillraceError('PROMISE_UNEXPECTED', {
    problem: `${operation}() got an async function, and it does not wait for promises`,
    value: f,
    allowed: 'functions that are not async and return no promise',
    fix: ASYNC_FIX,
  })
}
