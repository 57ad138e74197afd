/** Any value comes back exactly as it was, or it is refused. It never comes back as another one. */
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decode, encode, encodeCanonical } from '../../../lib/base/codec.ts'
import { MillraceError } from '../../../lib/base/errors.ts'
import { KeyedMap } from '../../../lib/base/keys.ts'

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'

/** What an object holds beside its properties. */
const contentOf = (value: object): unknown => {
  if (value instanceof Date) return [value.getTime()]
  if (value instanceof Map) return [...(value as Map<unknown, unknown>)]
  if (value instanceof Set) return [...(value as Set<unknown>)]
  return ArrayBuffer.isView(value) ? [Buffer.from(value as Uint8Array).toString('hex')] : []
}

/** Compares prototypes, descriptors, the order of properties, and whether more can be added. */
const isSame = (a: unknown, b: unknown): boolean => {
  if (!isObject(a) || !isObject(b)) return Object.is(a, b)
  if (a === b) return true
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  if (Object.isExtensible(a) !== Object.isExtensible(b)) return false
  const [x, y] = [contentOf(a), contentOf(b)] as [unknown[], unknown[]]
  if (x.length !== y.length || !x.every((one, index) => isSameItem(one, y[index]))) return false
  if (ArrayBuffer.isView(a)) return true
  const [names, others] = [Reflect.ownKeys(a), Reflect.ownKeys(b)]
  return (
    names.length === others.length &&
    names.every((name, index) => {
      const [own, other] = [a, b].map((one) => Object.getOwnPropertyDescriptor(one, name))
      return (
        others[index] === name &&
        own?.enumerable === other?.enumerable &&
        own?.writable === other?.writable &&
        own?.configurable === other?.configurable &&
        own?.get === other?.get &&
        own?.set === other?.set &&
        isSame(own?.value, other?.value)
      )
    })
  )
}

const isSameItem = (a: unknown, b: unknown): boolean =>
  Array.isArray(a) && Array.isArray(b) && a.length === b.length
    ? a.every((one, index) => isSame(one, b[index]))
    : isSame(a, b)

/** Whether the value is refused. Otherwise it must come back as it was. */
const isRefused = (value: unknown): boolean => {
  let bytes: Uint8Array
  try {
    bytes = encode(value)
  } catch (error) {
    expect(error).toBeInstanceOf(MillraceError)
    expect((error as MillraceError).code).toBe('VALUE_UNSUPPORTED')
    return true
  }
  expect(isSame(decode(bytes), value)).toBe(true)
  return false
}

class Point {
  x = 1
}
class List extends Array<number> {}
class Names extends Map {}
class Moment extends Date {}
class Bytes extends Uint8Array {}
const cycle: Record<string, unknown> = {}
cycle['self'] = cycle
const long = Array.from({ length: 100 }, (_, n) => n)
const shared = { a: 1 }
const symbol = Symbol('s')
const define = (target: object, descriptor: PropertyDescriptor): object =>
  Object.defineProperty(target, 'x', descriptor)

const kept: readonly (readonly [string, unknown])[] = [
  ['a Buffer', Buffer.from('ab')],
  ['a part of a Buffer', Buffer.from('abcdef').subarray(2, 4)],
  ['bytes and a Buffer', [Uint8Array.of(1), Buffer.of(1)]],
  ['a frozen object', Object.freeze({ a: 1, b: [2] })],
  ['a frozen array', Object.freeze([1, Object.freeze([])])],
  ['a frozen long array', Object.freeze([...long])],
  ['a frozen empty object', Object.freeze({})],
  ['a frozen object without a prototype', Object.freeze(Object.create(null))],
  ['an invalid date', new Date(Number.NaN)],
  ['an object twice', [shared, shared]],
  ['-0 and NaN', [-0, Number.NaN, 0]],
  ['small numbers', [0, 1, 63, 64, 65, -1, -64, 127, 128, 0.5, 2 ** 31, 2 ** 40]],
  ['texts around the length of short ones', ['x'.repeat(31), 'x'.repeat(32), 'x'.repeat(33)]],
  ['texts that are not ASCII', ['ä', 'ä'.repeat(32), '\u007f', '\u0080', '\ud800']],
  ['undefined everywhere', { a: undefined, b: [undefined], c: new Map([[undefined, undefined]]) }],
  ['a field of the name then', JSON.parse('{"then":1}')],
]

const refused: readonly (readonly [string, unknown, RegExp])[] = [
  ['a match', 'bob 3'.match(/(?<who>\w+) (\d)/), /names|properties of its own/],
  ['a long array with a name', Object.assign([...long], { total: 1 }), /properties of its own/],
  ['an array with a symbol', Object.assign([1], { [symbol]: 1 }), /properties of its own/],
  ['a long array with a symbol', Object.assign([...long], { [symbol]: 1 }), /properties of its/],
  ['a template', ((...parts: readonly unknown[]) => parts[0])`a${1}b`, /properties of its own/],
  ['an array of a class', List.of(1, 2), /instance of List/],
  ['a map of a class', new Names(), /instance of Names/],
  ['a date of a class', new Moment(), /instance of Moment/],
  ['bytes of a class', new Bytes(1), /instance of Bytes/],
  ['a map with a name', Object.assign(new Map(), { a: 1 }), /properties of its own/],
  ['a date with a name', Object.assign(new Date(), { a: 1 }), /properties of its own/],
  ['bytes with a name', Object.assign(new Uint8Array(2), { a: 1 }), /properties of their own/],
  ['a frozen map', Object.freeze(new Map()), /properties of its own/],
  ['shared bytes', new Uint8Array(new SharedArrayBuffer(2)), /shared memory/],
  ['floats', new Float32Array(1), /Float32Array/],
  ['big integers', new BigInt64Array(1), /BigInt64Array/],
  ['clamped bytes', new Uint8ClampedArray(1), /Uint8ClampedArray/],
  ['a buffer of bytes', new ArrayBuffer(1), /ArrayBuffer/],
  ['a view', new DataView(new ArrayBuffer(1)), /DataView/],
  ['a boxed number', Object(1), /instance of Number/],
  ['a boxed text', Object('a'), /instance of String/],
  ['a boxed symbol', Object(symbol), /instance of Symbol/],
  ['a symbol', symbol, /a symbol/],
  ['a function', () => 1, /a function/],
  ['a class', Point, /a function/],
  ['an instance', new Point(), /instance of Point/],
  ['an error', new RangeError('r'), /RangeError/],
  ['a pattern', /a/, /RegExp/],
  ['a weak map', new WeakMap(), /WeakMap/],
  ['a promise', Promise.resolve(1), /Promise/],
  ['a proxy', new Proxy({ a: 1 }, {}), /a Proxy/],
  ['a proxy of an array', new Proxy([1], {}), /a Proxy/],
  ['a cycle', cycle, /nested more than/],
  ['a symbol as a name', { [symbol]: 1 }, /symbol as a name/],
  [
    'a getter',
    {
      get x() {
        return 1
      },
    },
    /getter/,
  ],
  ['a setter', { set x(_: number) {} }, /getter or setter/],
  ['a hidden property', define({}, { value: 1 }), /hidden/],
  ['a read-only property', define({}, { value: 1, enumerable: true }), /read-only/],
  [
    'a frozen getter',
    Object.freeze({
      get x() {
        return 1
      },
    }),
    /getter/,
  ],
  ['a sealed object', Object.seal({ a: 1 }), /sealed/],
  ['a sealed array', Object.seal([1]), /sealed/],
  ['an object that cannot grow', Object.preventExtensions({ a: 1 }), /not extensible/],
  // oxlint-disable-next-line no-sparse-arrays -- That is what it is.
  ['a hole', [1, , 2], /holes/],
  ['a hole at the end', Array(3), /holes/],
  ['the prototype of an object as one', Object.create({ a: 1 }), /instance of Object/],
  ['what only looks like a date', Object.create(Date.prototype), /Date/],
  ['what only looks like a map', Object.create(Map.prototype), /Map/],
  ['what only looks like an array', Object.create(Array.prototype), /Array/],
  ['an object of another realm', runInNewContext('({ a: 1 })'), /instance of Object/],
  [
    'an object whose class throws',
    Object.create({
      get constructor() {
        throw new Error()
      },
    }),
    /un/,
  ],
]

test.each(kept)('%s comes back as it was', (_, value) => {
  expect(isRefused(value)).toBe(false)
  expect(isRefused({ deep: [value] })).toBe(false)
})

describe.each(refused)('%s', (_, value, reason) => {
  test('is refused, with its kind', () => {
    expect(isRefused(value)).toBe(true)
    expect(() => encode(value)).toThrow(reason)
  })

  test('is refused inside of another value, with its place', () => {
    if (value === cycle) return
    expect(() => encode({ list: [1, new Map([['k', value]])] })).toThrow(
      /At \.list\[1\]\["value 0"\]/,
    )
  })

  test('is no key', () => {
    const refusal: unknown = expect.objectContaining({ code: 'KEY_UNSUPPORTED' })
    expect(() => new KeyedMap().set(value, 1)).toThrow(refusal)
    expect(() => new KeyedMap().set([value], 1)).toThrow(refusal)
  })
})

const leaf = fc.oneof(
  fc.constantFrom<unknown>(...[...kept, ...refused].map(([, value]) => value)),
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true }),
  fc.anything({ withBoxedValues: true, withNullPrototype: true, withTypedArray: true }),
  fc.anything({ withSparseArray: true, withUnicodeString: true } as object),
)
const { value: any } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => Object.freeze(items)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((all) => new Map(all)),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 3 }).map((one) => Object.freeze(one)),
  ),
}))

test('any value comes back as it was, or is refused', () => {
  let returned = 0
  fc.assert(
    fc.property(any, (value) => {
      if (!isRefused(value)) returned += 1
    }),
    { numRuns: 3_000 },
  )
  expect(returned).toBeGreaterThan(300)
})

const key = fc.letrec<{ key: unknown }>((tie) => ({
  key: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<unknown>(undefined, null, true, 0, -0, Number.NaN, '', 'undefined', 1n, '1', 1),
    fc.string(),
    fc.date({ noInvalidDate: false }),
    fc.array(tie('key'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), tie('key')),
  ),
})).key

/** Equal by value: -0 is 0, and the order of fields does not count. */
const isEqualKey = (a: unknown, b: unknown): boolean => {
  if (!isObject(a) || !isObject(b)) return a === b || (Number.isNaN(a) && Number.isNaN(b))
  if (a instanceof Date || b instanceof Date)
    return a instanceof Date && b instanceof Date && Object.is(a.getTime(), b.getTime())
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [names, others] = [Object.keys(a).toSorted(), Object.keys(b).toSorted()]
  const valueOf = (one: object, name: string): unknown =>
    Object.getOwnPropertyDescriptor(one, name)?.value
  return (
    names.length === others.length &&
    names.every((name, i) => others[i] === name && isEqualKey(valueOf(a, name), valueOf(b, name)))
  )
}

test('two keys have one canonical form exactly if they are equal', () => {
  fc.assert(
    fc.property(key, key, (a, b) => {
      const before = encodeCanonical(a)
      expect(before === encodeCanonical(b)).toBe(isEqualKey(a, b))
      if (!(a instanceof Date)) expect(encodeCanonical(Object.freeze(a))).toBe(before)
      const map = new KeyedMap<unknown, number>()
      map.set(a, 1)
      map.set(b, 2)
      expect(map.size).toBe(isEqualKey(a, b) ? 1 : 2)
      expect(map.get(b)).toBe(2)
    }),
    { numRuns: 2_000 },
  )
})
