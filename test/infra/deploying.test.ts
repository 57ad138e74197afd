import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { generatedTables, pageWith } from '../../scripts/deploying-table.ts'

// To write them: node --conditions=millrace-source scripts/deploying-table.ts
test('the tables of docs/deploying.md say what is deployed', () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'deploying.md'), 'utf8')
  expect(text).toBe(pageWith(text, generatedTables()))
})
