import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { EXIT, exitCodes, exitTexts } from '../../../cli/exit-codes.ts'
import { helpText } from '../../../cli/help.ts'
import { errorCodes } from '../../../lib/base/errors.ts'

test('every error code has an exit code, and every exit code a meaning', () => {
  expect(Object.keys(exitCodes).toSorted()).toEqual(Object.keys(errorCodes).toSorted())
  const explained = exitTexts.map(([code]) => code)
  expect(explained).toEqual(Object.values(EXIT))
  for (const code of Object.values(exitCodes)) expect(explained).toContain(code)
})

test.each([
  { where: 'the help', text: helpText(undefined) },
  {
    where: 'docs/cli.md',
    text: readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8'),
  },
])('$where explains every exit code', ({ text }) => {
  for (const [code, meaning] of exitTexts) {
    expect(text).toContain(String(code))
    expect(text).toContain(meaning)
  }
})
