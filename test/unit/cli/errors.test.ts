import { describe, expect, test } from 'vitest'
import { endOfError } from '../../../cli/errors.ts'
import { MillraceError } from '../../../lib/base/errors.ts'

const hostile = new Proxy(new Error('p'), {
  get: () => {
    throw new Error('hostile')
  },
})

describe('how an error ends the process', () => {
  test('one of Millrace has its own exit code', () => {
    const error = new MillraceError('STORE_BUSY', { problem: 'Another process runs' })
    const { exitCode, error: told } = endOfError(error)
    expect([exitCode > 0, told.code]).toEqual([true, 'STORE_BUSY'])
  })

  test.each<[string, unknown, RegExp]>([
    ['an error', new TypeError('no'), /TypeError: no\n +at /],
    ['a message of 10 MB', new Error('x'.repeat(10_000_000)), /Error: x+/],
    [
      'what an error holds',
      Object.assign(new Error('e'), { a: 'x'.repeat(10_000_000) }),
      /Error: e/,
    ],
    ['a list', Array.from({ length: 100_000 }, () => 'x'.repeat(1_000)), /'x+'/],
    ['a proxy whose traps throw', hostile, /./],
  ])('%s is a bug, and its text is bounded', (_, error, text) => {
    const { error: told } = endOfError(error)
    expect(told.code).toBe('INVARIANT_BROKEN')
    expect(told.message).toMatch(/^This is a bug in Millrace/)
    expect(told.message).toMatch(text)
    expect(told.message.length).toBeLessThan(25_000)
  })
})
