import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkerPromises } from '../../lib/testing/index.ts'

const PAGE = join(import.meta.dirname, '..', '..', 'docs', 'internals', 'simulation.md')

test('the page on the simulation has the table of checkers that the simulation prints', () => {
  const page = readFileSync(PAGE, 'utf8')
  const rows = Object.entries(checkerPromises).map(([name, what]) => `| ${name} | ${what} |`)
  expect(page).toContain(`| checker | what it looks at |\n|---|---|\n${rows.join('\n')}\n\n`)
})
