import { type MillraceError, readObjects } from 'millrace'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { objectLines } from '../../../lib/formats/object-lines.ts'

const text = (elements: readonly unknown[]): string =>
  Buffer.from(objectLines(elements)).toString('utf8')
const lines = (...given: readonly string[]): Uint8Array =>
  Buffer.from(given.map((line) => `${line}\n`).join(''))

describe('an element is a line', () => {
  test.each<[line: string, element: unknown]>([
    [String.raw`"a\nb"`, 'a\nb'],
    ['""', ''],
    ['-1.5', -1.5],
    ['null', null],
    ['true', true],
    ['["a",1]', ['a', 1]],
    ['{"b":1,"a":[{}]}', { b: 1, a: [{}] }],
    ['{"$undefined":true}', undefined],
    ['{"$bigint":"12"}', 12n],
    ['{"$number":"NaN"}', Number.NaN],
    ['{"$number":"-Infinity"}', -Infinity],
    ['{"$number":"-0"}', -0],
    ['{"$date":"1970-01-01T00:00:00.000Z"}', new Date(0)],
    ['{"$date":null}', new Date(Number.NaN)],
    ['{"$bytes":"AQI="}', Uint8Array.of(1, 2)],
    ['{"$map":[["a",{"$bigint":"1"}]]}', new Map([['a', 1n]])],
    ['{"$set":[{"$undefined":true}]}', new Set([undefined])],
    ['{"$object":[["$a",1]]}', { $a: 1 }],
    ['{"$object":[["$bigint","12"]]}', { $bigint: '12' }],
    ['{"$object":[["a",1],["$b",{"$object":[["$c",2]]}]]}', { a: 1, $b: { $c: 2 } }],
    [String.raw`"\ud800"`, '\ud800'],
    ['{"__proto__":1}', JSON.parse('{"__proto__":1}')],
  ])('%s', (line, element) => {
    expect(text([element])).toBe(`${line}\n`)
    expect(readObjects(lines(line))).toEqual([element])
  })
})

test('every value that can be stored is read back unchanged', () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    maxDepth: 4,
    key: fc.oneof(fc.string(), fc.constantFrom('$a', '$map', '__proto__')),
  })
  fc.assert(
    fc.property(fc.array(anything), (elements) => {
      expect(readObjects(objectLines(elements))).toEqual(elements)
    }),
  )
})

test('no elements give no lines', () => {
  expect([text([]), readObjects(new Uint8Array())]).toEqual(['', []])
})

const circle: unknown[] = []
circle.push(circle)

const nested = (depth: number): unknown => {
  let value: unknown = 1
  for (let level = 0; level < depth; level++) value = [value]
  return value
}

test.each([
  ['a value that is 200 deep', nested(200)],
  [
    'maps that are 200 deep',
    Array.from({ length: 200 }).reduce((value) => new Map([[1, value]]), 1),
  ],
  ['a bigint of 10,000 digits', 10n ** 10_000n - 1n],
  ['a negative one', 1n - 10n ** 10_000n],
])('%s is read back', (_, element) => {
  expect(readObjects(objectLines([element]))).toEqual([element])
})

test.each([
  ['a value that is 201 deep', nested(201)],
  ['a bigint of 10,001 digits', 10n ** 10_000n],
  ['a negative one', -(10n ** 10_000n)],
])('%s is refused', (_, element) => {
  expect(() => objectLines([element])).toThrow(
    expect.objectContaining({ code: 'VALUE_UNSUPPORTED' }) as MillraceError,
  )
})

/** Lines of strangers that would take long, or fill the stack. */
test.each([
  ['a bigint of two million digits', `{"$bigint":"${'9'.repeat(2_000_000)}"}`],
  ['many brackets', '['.repeat(1_000_000)],
  ['arrays a million deep', '['.repeat(1_000_000) + ']'.repeat(1_000_000)],
  ['objects deep', '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000)],
  ['sets deep', '{"$set":['.repeat(100_000) + '1' + ']}'.repeat(100_000)],
  ['an object of pairs deep', '{"$object":[["a",'.repeat(50_000) + '1' + ']]}'.repeat(50_000)],
])('%s is refused, with its line', (_, line) => {
  expect(() => readObjects(lines('1', line))).toThrow(
    expect.objectContaining({
      code: 'ARGUMENT_INVALID',
      message: expect.stringContaining('Line 2') as string,
    }) as MillraceError,
  )
})

test.each([
  ['a function', () => 1],
  ['a symbol', Symbol('s')],
  ['an instance of a class', new (class Order {})()],
  ['a cycle', circle],
  ['an array with holes', Array(2)],
  ['an array with a name', Object.assign([1], { total: 1 })],
  ['an object with a getter', Object.defineProperty({}, 'a', { get: () => 1, enumerable: true })],
  ['an object with a hidden property', Object.defineProperty({}, 'a', { value: 1 })],
  ['an object with a symbol', { [Symbol('s')]: 1 }],
  ['a map with a name', Object.assign(new Map(), { a: 1 })],
])('%s is refused', (_, element) => {
  expect(() => objectLines([[element]])).toThrow(
    expect.objectContaining({ code: 'VALUE_UNSUPPORTED' }) as MillraceError,
  )
})

test.each([
  '{',
  'a',
  '{"$what":1}',
  '{"$bigint":"x"}',
  '{"$bigint":"1","a":2}',
  '{"$map":1}',
  '1 2',
])('%s is not a line of an object file', (line) => {
  expect(() => readObjects(lines('1', line))).toThrow('Line 2 is not a line of an object file')
})

test('a Buffer comes back as a Buffer, and bytes as bytes', () => {
  const elements = [Buffer.of(1, 2), Uint8Array.of(1, 2)]
  const back = readObjects<Uint8Array>(objectLines(elements))
  expect(back).toEqual(elements)
  expect(back.map((one) => Buffer.isBuffer(one))).toEqual([true, false])
})
