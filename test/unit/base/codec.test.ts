import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decode,
  decodeLatin1,
  encode,
  encodeCanonical,
  encodeToLatin1,
  fold,
  unfold,
} from '../../../lib/base/codec.ts'

const withProto = (value: unknown): object =>
  JSON.parse(`{"__proto__":${JSON.stringify(value)},"b":1}`) as object
const bare = (fields: object): object => Object.assign(Object.create(null) as object, fields)

/**
 * A NaN with other bits than `Number.NaN`: arithmetic or a foreign buffer can make one.
 */
const strangeNaN = new Float64Array(new BigUint64Array([0xfff8_0000_0000_0001n]).buffer)[0]

describe('values are read back unchanged', () => {
  test.each<[string, unknown]>([
    ['null', null],
    ['undefined', undefined],
    ['booleans', [true, false]],
    ['-0 is not 0', [-0, 0]],
    ['NaN and infinities', [Number.NaN, Infinity, -Infinity]],
    ['integers around 2^31', [2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, -(2 ** 31), -(2 ** 31) - 1]],
    ['integers around 2^32', [2 ** 32 - 1, 2 ** 32, -(2 ** 32)]],
    [
      'integers around 2^53',
      [2 ** 53 - 1, 2 ** 53, 2 ** 53 + 2, -(2 ** 53) + 1, -(2 ** 53), -(2 ** 53) - 2],
    ],
    ['fractions', [0.1, -1.5, Number.MIN_VALUE, Number.MAX_VALUE]],
    ['strings', ['', 'a', 'ä', '€', '😀', '\0', '\ufeff', 'x'.repeat(100_000)]],
    ['lone surrogates', ['\ud800', '\udc00a', 'a\ud83d', '\udc00\ud800']],
    ['bigints', [0n, -1n, 2n ** 200n]],
    ['dates', [new Date(0), new Date(-1), new Date(8.64e15), new Date(Number.NaN)]],
    ['nested arrays', [[], [[]], [1, [2, [3]]]]],
    ['undefined in an array', [undefined, null]],
    ['fields in their order', { b: 1, a: 2, 10: 3, 2: 4 }],
    ['a field __proto__', withProto({ c: 1 })],
    ['a field __proto__ without a prototype', bare({ a: 1 })],
    ['fields named like methods', { constructor: 1, toString: 2, hasOwnProperty: 3 }],
    ['undefined in a field', { a: undefined }],
    [
      'maps',
      new Map<unknown, unknown>([
        ['a', 1],
        [{ b: 1 }, new Map()],
        [Number.NaN, 2],
      ]),
    ],
    ['sets', new Set<unknown>([1, '1', new Set([1])])],
    ['bytes', [new Uint8Array(), Uint8Array.of(0, 255)]],
  ])('%s', (_, value) => {
    const back = decode(encode(value))
    expect(isDeepStrictEqual(back, value)).toBe(true)
    expect(encode(back)).toEqual(encode(value))
    expect(encodeToLatin1(decodeLatin1(encodeToLatin1(value)))).toBe(encodeToLatin1(value))
  })

  test('folded, also', () => {
    const points = Array.from({ length: 9 }, (_, n) => ({ x: n, y: [{ x: n }], z: bare({ x: n }) }))
    const bytes = encode([withProto({ c: 1 }), withProto({ c: 2 }), ...points, {}, {}, []])
    const folded = fold(bytes)
    expect(folded.byteLength).toBeLessThan(bytes.byteLength)
    expect(Buffer.from(unfold(folded)).equals(bytes)).toBe(true)
    expect(isDeepStrictEqual(decode(folded), decode(bytes))).toBe(true)
  })

  test('a field __proto__ is read back as a field, not as the prototype', () => {
    const back = decode(encode(withProto({ evil: true }))) as { readonly evil?: boolean }
    expect(Object.hasOwn(back, '__proto__')).toBe(true)
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
    expect(back.evil).toBeUndefined()
  })

  test('bytes that are read back are a copy', () => {
    const stored = encode(Uint8Array.of(1, 2))
    const back = decode(stored) as Uint8Array
    back.fill(9)
    expect(decode(stored)).toEqual(Uint8Array.of(1, 2))
  })

  const leaf = fc.oneof(
    fc.constantFrom(null, undefined, true, false, -0, Number.NaN),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double(),
    fc.bigInt(),
    fc.string({ unit: 'binary' }),
    fc
      .array(fc.integer({ min: 0xd7f0, max: 0xe00f }), { maxLength: 4 })
      .map((units) => String.fromCharCode(...units)),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array({ maxLength: 20 }).map((bytes) => new Uint8Array(bytes)),
  )
  const name = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toString', '0'))
  const { value: any } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      fc.array(tie('value'), { maxLength: 5 }),
      fc.dictionary(name, tie('value'), { maxKeys: 5 }),
      fc
        .array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 })
        .map((pairs) => new Map(pairs)),
      fc.array(tie('value'), { maxLength: 4 }).map((items) => new Set(items)),
    ),
  }))

  test('for any value', () => {
    fc.assert(
      fc.property(any, (value) => {
        const back = decode(encode(value))
        expect(isDeepStrictEqual(back, value)).toBe(true)
        expect(encode(back)).toEqual(encode(value))
        // Twice the same value has names to fold.
        const twice = encode([value, value])
        expect(Buffer.from(unfold(fold(twice))).equals(twice)).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  test('random bytes give a value or SEGMENT_CORRUPT, and no other error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.boolean(), (bytes, isFolded) => {
        try {
          decode(isFolded ? Uint8Array.from([65, ...bytes]) : bytes)
        } catch (error) {
          expect(error).toMatchObject({ code: 'SEGMENT_CORRUPT' })
        }
      }),
      { numRuns: 2_000 },
    )
  })

  test('truncated bytes are refused, whatever their length', () => {
    const bytes = encode([
      { a: 'text', b: [1.5, 2n, new Date(0)] },
      '\ud800',
      new Map([[1, Uint8Array.of(1, 2)]]),
    ])
    const folded = fold(encode([{ name: 1 }, { name: 2 }, { other: 'x' }, { other: 'y' }]))
    expect(folded[0]).toBe(65)
    for (const all of [bytes, folded])
      for (let length = 0; length < all.length; length++)
        expect(() => decode(all.subarray(0, length))).toThrow(
          expect.objectContaining({ code: 'SEGMENT_CORRUPT' }),
        )
  })
})

describe('decode refuses', () => {
  test.each<[string, readonly number[]]>([
    ['no bytes', []],
    ['an unknown tag', [99]],
    ['a value followed by more bytes', [0, 0]],
    ['a text longer than the bytes', [6, 200, 1, 0x61]],
    ['a count longer than the bytes', [10, 255, 255, 255, 255, 15]],
    ['a number that does not end', [4, 255, 255]],
    ['a bigint without digits', [8, 1, 0x78]],
    ['a field whose name is an object', [11, 1, 12, 0, 0]],
    ['a folded name that is an object', [65, 1, 11, 1, 12, 0, 11, 0]],
    ['a folded object without a shape', [65, 0, 11]],
    ['a folded object with the shape of one without a prototype', [65, 1, 12, 0, 11]],
    ['a folded value followed by more bytes', [65, 0, 0, 0]],
    ['more shapes than bytes', [65, 255, 255, 255, 255, 15]],
    [
      'a nesting deeper than the call stack',
      Array.from({ length: 200_000 }, (_, i) => (i % 2 === 0 ? 10 : 1)),
    ],
  ])('%s', (_, bytes) => {
    expect(() => decode(Uint8Array.from(bytes))).toThrow(
      expect.objectContaining({ code: 'SEGMENT_CORRUPT' }),
    )
  })
})

class Point {
  x = 1
}
class Moment extends Date {}
class Table extends Map {}

const cycle: unknown[] = []
cycle.push({ cycle })

describe('encode refuses', () => {
  test.each<[string, unknown, RegExp]>([
    ['a function', () => 1, /a function/],
    ['a symbol', Symbol('s'), /a symbol/],
    ['an instance of a class', { deep: [new Point()] }, /an instance of Point/],
    ['an instance of a subclass of Date', new Moment(0), /an instance of Moment/],
    ['an instance of a subclass of Map', new Table(), /an instance of Table/],
    ['an error', new Error('e'), /an instance of Error/],
    ['a promise', Promise.resolve(), /an instance of Promise/],
    ['floats', new Float64Array(1), /an instance of Float64Array/],
    ['a regular expression', /a/, /an instance of RegExp/],
    // oxlint-disable-next-line no-sparse-arrays
    ['an array with holes', [1, , 2], /holes/],
    ['a cycle', cycle, /contains itself/],
  ])('%s', (_, value, message) => {
    expect(() => encode(value)).toThrow(
      expect.objectContaining({
        code: 'VALUE_UNSUPPORTED',
        message: expect.stringMatching(message) as string,
      }),
    )
  })

  test('a refused value does not change the next one', () => {
    expect(() => encode(['x'.repeat(100), () => 1])).toThrow(/VALUE_UNSUPPORTED/)
    expect(decode(encode('after'))).toBe('after')
  })
})

describe('the canonical form is equal', () => {
  test.each<[string, unknown, unknown, boolean]>([
    ['for fields in any order', { a: 1, b: [2] }, { b: [2], a: 1 }, true],
    ['for 0 and -0', [0], [-0], true],
    ['for all NaN', [Number.NaN], [strangeNaN], true],
    ['with and without a prototype', { a: 1 }, bare({ a: 1 }), true],
    ['not for a number and its text', [1], ['1'], false],
    ['not for a number and a bigint', [1], [1n], false],
    ['not for null and undefined', [null], [undefined], false],
    ['not for another order of elements', [1, 2], [2, 1], false],
    ['not for another nesting', [1, [2]], [[1], 2], false],
    ['not for a date and its number', [new Date(1)], [1], false],
    ['not for two lone surrogates', '\ud800', '\ud801', false],
    ['not for a missing field and undefined', {}, { a: undefined }, false],
  ])('%s', (_, a, b, equal) => {
    expect(encodeCanonical(a) === encodeCanonical(b)).toBe(equal)
  })

  test('the stored form keeps the order of fields and the sign of 0, and all NaN are equal', () => {
    expect(Object.keys(decode(encode({ b: 1, a: 2 })) as object)).toEqual(['b', 'a'])
    expect(encode(-0)).not.toEqual(encode(0))
    expect(encode(strangeNaN)).toEqual(encode(Number.NaN))
  })
})
