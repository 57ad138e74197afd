import { describe, expect, test } from 'vitest'
import { preview } from '../../../lib/base/error-text.ts'
import { asMillraceError, invariant, MillraceError } from '../../../lib/base/errors.ts'

const thrownBy = (work: () => unknown): unknown => {
  try {
    work()
  } catch (error) {
    return error
  }
  return undefined
}

describe('a message', () => {
  test('has one line for each part: problem and code, value, allowed, fix, cause', () => {
    const cause = new TypeError('first\nsecond')
    const error = new MillraceError('ARGUMENT_INVALID', {
      problem: 'It is wrong',
      value: { a: 1n },
      allowed: 'another',
      fix: 'take it',
      cause,
    })
    expect(error.message.split('\n')).toEqual([
      'It is wrong [ARGUMENT_INVALID]',
      '  given:   {"a":"1n"}',
      '  allowed: another',
      '  fix:     take it',
      '  because: TypeError: first',
      '           second',
      expect.stringMatching(/^ {11}at .*errors\.test\.ts:\d+:\d+$/),
    ])
    expect(error).toMatchObject({
      name: 'MillraceError',
      code: 'ARGUMENT_INVALID',
      retryable: false,
      cause,
    })
  })

  test('leaves out the parts that are missing', () => {
    const error = new MillraceError('STORE_FAILED', { problem: 'It failed', retryable: true })
    expect(error.message).toBe('It failed [STORE_FAILED]')
    expect(error).toMatchObject({ retryable: true })
    expect('cause' in error).toBe(false)
  })

  test('shows a cause that is not an Error', () => {
    expect(
      new MillraceError('STORE_FAILED', { problem: 'It failed', cause: 'because' }).message,
    ).toContain('  because: "because"')
  })
})

const cycle: Record<string, unknown> = {}
cycle['self'] = cycle

describe('a value in a message', () => {
  test.each<[string, unknown, string]>([
    ['text, quoted, so that spaces are visible', ' a\n', '" a\\n"'],
    ['a number', -0.5, '-0.5'],
    ['NaN', Number.NaN, 'NaN'],
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a bigint', 5n, '5n'],
    ['an object', { a: [1, 2n] }, '{"a":[1,"2n"]}'],
    ['a function', function named() {}, 'function named'],
    [
      'a function without a name',
      (
        () => () =>
          1
      )(),
      'function (anonymous)',
    ],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['a cycle', cycle, `{"self":{"self":${'{"self":'.repeat(23)}… (its beginning)`],
    [
      'an object whose toJSON throws',
      {
        toJSON: () => {
          throw new Error('no')
        },
      },
      '[object Object]',
    ],
    ['an object whose toJSON returns undefined', { toJSON: () => undefined }, '[object Object]'],
    ['a long text, shortened', 'x'.repeat(1_000), `"${'x'.repeat(199)}… (1002 characters)`],
  ])('%s', (_, value, expected) => {
    expect(preview(value)).toBe(expected)
  })
})

describe('wrapping', () => {
  test('returns a MillraceError unchanged', () => {
    const error = new MillraceError('STORE_FULL', { problem: 'full' })
    expect(asMillraceError(error, 'BATCH_FAILED', { problem: 'other' })).toBe(error)
  })

  test('keeps another error as the cause', () => {
    const cause = new Error('why')
    expect(asMillraceError(cause, 'BATCH_FAILED', { problem: 'failed' })).toMatchObject({
      code: 'BATCH_FAILED',
      cause,
    })
  })
})

test('the error of a broken invariant names it and says that it is a bug in Millrace', () => {
  invariant('B6', true, 'never seen')
  const error = thrownBy(() => invariant('B6', false, 'done goes back')) as MillraceError
  expect(error.code).toBe('INVARIANT_BROKEN')
  expect(error.message).toMatch(/B6 does not hold: done goes back[\s\S]*bug in Millrace/)
})
