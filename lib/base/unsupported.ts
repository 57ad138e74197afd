/** The error for a value that cannot be stored. */
import { types } from 'node:util'
import { MillraceError } from './errors.ts'

/** The kind of a value, for messages. Never throws. */
export const kindOf = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return `a ${typeof value}`
  try {
    const { name } = value.constructor as { name?: unknown }
    return `an instance of ${typeof name === 'string' && name !== '' ? name : 'an unknown class'}`
  } catch {
    return 'an object of an unknown class'
  }
}

const placeOf = (path: readonly (string | number)[]): string =>
  path
    .map((part) =>
      typeof part === 'string' && /^[A-Za-z_$][\w$]*$/.test(part)
        ? `.${part}`
        : `[${typeof part === 'string' ? JSON.stringify(part) : part}]`,
    )
    .join('')

/** `path`: the names and numbers that lead to the value. */
export const unsupportedError = (
  value: unknown,
  what: string,
  path: readonly (string | number)[],
): MillraceError =>
  new MillraceError('VALUE_UNSUPPORTED', {
    problem:
      (path.length === 0 ? '' : `At ${placeOf(path)} of a value: `) +
      `${what} cannot be stored: it could not be read back unchanged`,
    value: types.isProxy(value) ? undefined : value,
    allowed:
      'null, undefined, booleans, numbers, bigints, strings, dates, arrays, plain objects, ' +
      'Map, Set, Uint8Array and Buffer of these',
    fix: 'turn it into a plain value first, for example with { ...value } or Array.from(value)',
  })
