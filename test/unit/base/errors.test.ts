import { describe, expect, test } from 'vitest'
import { asMillraceError, invariant, MillraceError, preview } from '../../../lib/base/errors.ts'

const thrownBy = (work: () => unknown): unknown => {
  try {
    work()
  } catch (error) {
    return error
  }
  return undefined
}

describe('a message', () => {
  test('has a line each for problem and code, value, what is allowed, fix and cause', () => {
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
    ])
    expect(error).toMatchObject({
      name: 'MillraceError',
      code: 'ARGUMENT_INVALID',
      retryable: false,
      cause,
    })
  })

  test('leaves out what there is not', () => {
    const error = new MillraceError('STORE_FAILED', { problem: 'It failed', retryable: true })
    expect(error.message).toBe('It failed [STORE_FAILED]')
    expect(error).toMatchObject({ retryable: true })
    expect('cause' in error).toBe(false)
  })

  test('shows a cause that is no error', () => {
    expect(
      new MillraceError('STORE_FAILED', { problem: 'It failed', cause: 'because' }).message,
    ).toContain('  because: "because"')
  })
})

const cycle: Record<string, unknown> = {}
cycle['self'] = cycle

describe('a value in a message', () => {
  test.each<[string, unknown, string]>([
    ['text, so that blanks are seen', ' a\n', '" a\\n"'],
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
    ['a cycle', cycle, '[object Object]'],
    [
      'what throws when it is shown',
      {
        toJSON: () => {
          throw new Error('no')
        },
      },
      '[object Object]',
    ],
    ['what is nothing in JSON', { toJSON: () => undefined }, '[object Object]'],
    ['a long text, cut', 'x'.repeat(1_000), `"${'x'.repeat(199)}… (1002 characters)`],
  ])('%s', (_, value, expected) => {
    expect(preview(value)).toBe(expected)
  })
})

describe('wrapping', () => {
  test('leaves a MillraceError as it is', () => {
    const error = new MillraceError('STORE_FULL', { problem: 'full' })
    expect(asMillraceError(error, 'BATCH_FAILED', { problem: 'other' })).toBe(error)
  })

  test('keeps what was thrown as the cause', () => {
    const cause = new Error('why')
    expect(asMillraceError(cause, 'BATCH_FAILED', { problem: 'failed' })).toMatchObject({
      code: 'BATCH_FAILED',
      cause,
    })
  })
})

test('a broken invariant says which one, and that it is a bug of ours', () => {
  invariant('B6', true, 'never seen')
  const error = thrownBy(() => invariant('B6', false, 'done goes back')) as MillraceError
  expect(error.code).toBe('INVARIANT_BROKEN')
  expect(error.message).toMatch(/B6 does not hold: done goes back[\s\S]*bug in Millrace/)
})
