import { describe, expect, test } from 'vitest'
import { errorHelp } from '../../../cli/help-errors.ts'
import { exitCodes } from '../../../cli/exit-codes.ts'

describe('millrace help errors', () => {
  test.each(Object.keys(exitCodes))('%s is explained, as text for a terminal', (code) => {
    const text = errorHelp(code)
    expect(text).toMatch(new RegExp(`^${code}\n\n- Means `))
    expect(text).toMatch(/\n- Fix/)
    expect(text).not.toMatch(/\*\*|`/)
  })

  test('lists all codes, each with a line', () => {
    const text = errorHelp(undefined)
    for (const code of Object.keys(exitCodes)) expect(text).toContain(`\n  ${code}\n      `)
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
  })

  test('takes a code in small letters, and refuses what is none', () => {
    expect(errorHelp('binding_missing')).toBe(errorHelp('BINDING_MISSING'))
    expect(() => errorHelp('NO_SUCH')).toThrow('There is no error with this code')
  })
})
