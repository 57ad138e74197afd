/**
 * What an array or an object has that would not come back, if only its elements and fields were
 * stored. All functions here give the reason in words, or undefined if there is none.
 *
 * These checks run for every stored object, so each is the cheapest one there is. They do not look
 * for what only `Object.defineProperty` can do to an array or to bytes that are not frozen: a
 * hidden property, and an element that is read-only or has a getter. Such an element is stored as
 * its value.
 */
import { isDeepStrictEqual } from 'node:util'

/** Up to this length it is faster to list all names of an array than to compare it with a copy. */
const LISTED_MAX = 24

/** Whether a value is frozen. */
export const isFrozen = (value: object): boolean =>
  !Object.isExtensible(value) && Object.isFrozen(value)

const integrityOf = (value: object): string | undefined =>
  Object.isExtensible(value) || Object.isFrozen(value)
    ? undefined
    : 'an object that is sealed or not extensible, but not frozen'

/** For arrays. */
export const oddArray = (value: readonly unknown[]): string | undefined => {
  const { length } = value
  for (let i = 0; i < length; i++)
    if (value[i] === undefined && !Object.hasOwn(value, i)) return 'an array with holes'
  if (!Object.isExtensible(value)) return oddFrozenArray(value)
  const isPlain =
    length > LISTED_MAX
      ? isDeepStrictEqual(value, value.slice())
      : Object.keys(value).length === length && Object.getOwnPropertySymbols(value).length === 0
  return isPlain ? undefined : NAMES
}

const NAMES = 'an array with properties of its own, such as a match of a regular expression'

const oddFrozenArray = (value: readonly unknown[]): string | undefined => {
  if (Reflect.ownKeys(value).length !== value.length + 1) return NAMES
  const hasGetter = Object.values(Object.getOwnPropertyDescriptors(value)).some(
    ({ writable }) => writable === undefined,
  )
  return hasGetter ? 'an array with a getter' : integrityOf(value)
}

/** For plain objects: what is odd beside their fields. `names` are those of the fields. */
export const oddObject = (value: object, names: readonly string[]): string | undefined => {
  if (Object.getOwnPropertyNames(value).length !== names.length)
    return 'an object with hidden properties'
  if (Object.getOwnPropertySymbols(value).length > 0) return 'an object with a symbol as a name'
  return integrityOf(value)
}

/** For a field of a plain object. */
export const oddField = (
  field: PropertyDescriptor,
  isObjectFrozen: boolean,
): string | undefined => {
  if (field.writable === undefined) return 'a property with a getter or setter'
  return field.writable === isObjectFrozen || field.configurable === isObjectFrozen
    ? 'a property that is read-only or cannot be deleted'
    : undefined
}

/** For dates, maps and sets: they have no properties of their own. */
export const oddBuiltIn = (value: object): string | undefined =>
  Object.isExtensible(value) && Reflect.ownKeys(value).length === 0
    ? undefined
    : 'a built-in object with properties of its own'

/** For bytes. `copy`: the same bytes, in an object of the same kind. */
export const oddBytes = (value: Uint8Array, copy: Uint8Array): string | undefined => {
  if (!(value.buffer instanceof ArrayBuffer)) return 'bytes in shared memory'
  return isDeepStrictEqual(value, copy) && Object.isExtensible(value)
    ? undefined
    : 'bytes with properties of their own'
}
