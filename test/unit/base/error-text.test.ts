import { describe, expect, test } from 'vitest'
import { cutText, errorText, preview } from '../../../lib/base/error-text.ts'
import { asMillraceError, MillraceError } from '../../../lib/base/errors.ts'

const throws = (): never => {
  throw new Error('hostile')
}

/** An error that is its own cause's cause. */
const cyclic = (): Error => {
  const [first, second] = [new Error('first'), new Error('second')]
  first.cause = second
  second.cause = first
  return first
}

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable(new Error('revoked'), {})
  revoke()
  return proxy
}

const withProperty = (name: string, value: PropertyDescriptor): Error =>
  Object.defineProperty(new Error('message'), name, value)

/** Arrays, one in the other. */
const deep = (levels: number): unknown => {
  let value: unknown = []
  for (let i = 0; i < levels; i++) value = [value]
  return value
}

describe('what was thrown, in words', () => {
  test.each<[string, unknown, string]>([
    ['an error', new TypeError('no'), 'TypeError: no'],
    ['a text', 'no', '"no"'],
    ['null', null, 'null'],
    ['undefined', undefined, 'undefined'],
    ['a number', 5, '5'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['an object', { code: 7 }, '{"code":7}'],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
    ['an object that cannot be text', { toJSON: throws, toString: throws }, '[object Object]'],
    ['a revoked proxy', revoked(), 'a value that cannot be shown'],
    [
      'a proxy whose traps throw',
      new Proxy(new Error('p'), { get: throws, getPrototypeOf: throws }),
      'a value that cannot be shown',
    ],
    [
      'a message that throws',
      withProperty('message', { get: throws }),
      'Error: a value that cannot be shown',
    ],
    [
      'a message that is a symbol',
      withProperty('message', { value: Symbol('m') }),
      'Error: Symbol(m)',
    ],
    ['a name that throws', withProperty('name', { get: throws }), 'Error: message'],
    ['a cause that throws', withProperty('cause', { get: throws }), 'Error: message'],
    [
      'an error with causes',
      new Error('fetch failed', { cause: new Error('refused', { cause: 'port 9' }) }),
      'Error: fetch failed\ncaused by Error: refused\ncaused by "port 9"',
    ],
    ['causes in a circle', cyclic(), 'Error: first\ncaused by Error: second'],
    [
      'many errors',
      new AggregateError([1, 2, 3, 4, 5].map((n) => new Error(`e${n}`))),
      'AggregateError: \n- Error: e1\n- Error: e2\n- Error: e3\n- and 2 more',
    ],
    [
      'many errors that its message tells',
      new AggregateError([new Error('e1'), new Error('e2')], 'e1\ne2'),
      'AggregateError: e1\ne2',
    ],
    ['a function', throws, 'function throws'],
    ['a bigint of 2 million digits', 10n ** 2_000_000n, 'a number of over 100 digitsn'],
  ])('%s', (_, thrown, text) => {
    expect(errorText(thrown)).toBe(text)
    const { message } = asMillraceError(thrown, 'BATCH_FAILED', { problem: 'It failed' })
    if (thrown !== undefined) expect(message).toContain(text.split('\n')[0])
  })

  test.each<[string, unknown]>([
    ['a message of 1 MB', new Error('x'.repeat(1_000_000))],
    ['a text of 1 MB', 'x'.repeat(1_000_000)],
    [
      '1,000 errors of 1 MB',
      new AggregateError(Array.from({ length: 1_000 }, () => new Error('x'.repeat(1_000_000)))),
    ],
    ['a name of 1 MB', withProperty('name', { value: 'x'.repeat(1_000_000) })],
  ])('%s is cut, and says so', (_, thrown) => {
    const text = errorText(thrown)
    expect(text.length).toBeLessThan(2_100)
    expect(text).toMatch(/… \(\d+ characters\)/)
  })

  test.each<[string, unknown, string]>([
    ['a long property', { a: 'x'.repeat(1_000) }, `{"a":"${'x'.repeat(194)}… (its beginning)`],
    ['a long array', Array<number>(1_000).fill(7), `[${'7,'.repeat(99)}7… (its beginning)`],
    [
      'many short properties',
      Object.fromEntries(Array.from({ length: 300 }, (_, i) => [i, 0])),
      '',
    ],
    ['bytes', Buffer.alloc(1_000), `{"type":"Buffer","data":[${'0,'.repeat(80)}`],
    ['bytes within', { a: [new Uint8Array(1_000)] }, '{"a":[{"0":0,"1":0,'],
    ['an array in an array in ...', deep(1_000_000), '[[[[[['],
    ['a date', new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ['a key that is a prototype', JSON.parse('{"__proto__":1}'), '{"__proto__":1}'],
    ['properties of its class', Object.create({ inherited: 1 }, { a: { value: 1 } }), '{}'],
  ])('of a value: %s', (_, value, text) => {
    expect(preview(value).startsWith(text)).toBe(true)
    expect(preview(value).length).toBeLessThan(240)
  })

  test('of a value of any size, no more is made into text than is shown', () => {
    const part = 'x'.repeat(500_000)
    const huge = {
      texts: Array<string>(100_000).fill(part),
      bytes: Buffer.alloc(50_000_000),
      more: Array.from({ length: 100_000 }, () => ({ part })),
    }
    const began = performance.now()
    const before = process.memoryUsage().heapUsed
    expect(preview(huge)).toMatch(/^\{"texts":\["x+… \(its beginning\)$/)
    expect(preview(huge.bytes)).toMatch(/… \(its beginning\)$/)
    expect(performance.now() - began).toBeLessThan(500)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(5_000_000)
  })

  test('all parts of a message together are bounded', () => {
    const long = '\u{1f600}'.repeat(500_000)
    const error = new MillraceError('STORE_FAILED', {
      problem: long,
      value: long,
      allowed: long,
      fix: long,
      cause: new Error(long),
    })
    expect(Buffer.byteLength(error.message)).toBeLessThan(50_000)
    expect(error.message).toMatch(/ characters\)$/)
  })
})

test.each([
  { text: 'abc', max: 3, cut: 'abc' },
  { text: 'abcd', max: 3, cut: 'abc… (4 characters)' },
  { text: 'a\u{1f600}b', max: 2, cut: 'a… (4 characters)' },
  { text: 'a\u{1f600}b', max: 3, cut: 'a\u{1f600}… (4 characters)' },
])('"$text" is cut to $max as "$cut"', ({ text, max, cut }) => {
  expect(cutText(text, max)).toBe(cut)
})
