/**
 * What a person is told who makes a mistake. The page `docs/internals/mistakes.md` is made of it:
 * `npx vitest run test/process/mistakes.test.ts -u` makes it again.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '../tidy/source.ts'
import { binding } from './mistakes/binding.ts'
import { make, type Mistake, type Told } from './mistakes/mistake.ts'
import { operating } from './mistakes/operating.ts'
import { pageOf } from './mistakes/page.ts'
import { pipelines } from './mistakes/pipelines.ts'
import { starting } from './mistakes/starting.ts'

const groups: Readonly<Record<string, readonly Mistake[]>> = {
  Starting: starting,
  'What is read, and where results go': binding,
  'Pipelines and records': pipelines,
  Operating: operating,
}

const PAGE = join(root, 'docs', 'internals', 'mistakes.md')

const told = new Map<Mistake, Told>()

/** Not every system has a file that is always full. */
const isPossible = ({ typed }: Mistake): boolean =>
  !typed.includes('/dev/full') || existsSync('/dev/full')

describe.each(Object.entries(groups))('%s', (_group, mistakes) => {
  test.concurrent.each(mistakes.filter(isPossible))('$mistake', async (one) => {
    const answer = await make(one)
    told.set(one, answer)
    expect(answer).toMatchObject({ exitCode: one.exitCode })
    for (const text of [...(one.code === undefined ? [] : [`[${one.code}]`]), ...one.says])
      expect(answer.text).toContain(text)
    // No stack of Node's own modules.
    expect(answer.text).not.toMatch(/node:internal/)
  })
})

test('the page shows what each is told', async () => {
  // Only a run of all of them can compare the page.
  const all = Object.values(groups).flat()
  if (all.some((one) => !told.has(one))) return
  await expect(pageOf(groups, told)).toMatchFileSnapshot(PAGE)
})
