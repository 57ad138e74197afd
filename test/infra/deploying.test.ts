import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { generatedTables, pageWith } from '../../scripts/deploying-table.ts'

// To write them: node --conditions=millrace-source scripts/deploying-table.ts
test('the tables of docs/deploying.md say what is deployed', () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'deploying.md'), 'utf8')
  expect(text).toBe(pageWith(text, generatedTables()))
})

describe('what rings', () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'operating.md'), 'utf8')
  const [, tableText = ''] = text.split('| what | the line in the log, or the code | what rings |')
  const rows = (tableText.split('\n\n')[0] ?? '').split('\n').slice(2)
  const namedIn = (row: string): readonly string[] =>
    [...(row.split(' | ')[2] ?? '').matchAll(/`(\w+Alarm)`/g)].map(([, name = '']) => name)
  const deployed = [...generatedTables().matchAll(/^\| (\w+Alarm) \|/gm)].map(
    ([, name = '']) => name,
  )

  test.each(rows)('%s', (row) => {
    const named = namedIn(row)
    expect(named.length > 0 || row.includes('| none')).toBe(true)
    expect(deployed).toEqual(expect.arrayContaining([...named]))
  })

  test('names every alarm that is deployed', () => {
    expect([...new Set(rows.flatMap(namedIn))].toSorted()).toEqual(deployed.toSorted())
  })
})
