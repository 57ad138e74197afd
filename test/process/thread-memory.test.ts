/** How much memory a run on two threads takes, with many keys. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { seededRandom } from '../../lib/base/seeded.ts'
import { millraceAlone, pipelinePath, temporaryDirectory } from './millrace.ts'

const MIB = 1024 * 1024
const WORDS = 200_000
const FILES = 6

/** A text of some 16 MB. Few words are frequent, and most are rare. */
const text = (): string => {
  const random = seededRandom(1)
  const word = (): string => `word${Math.floor(WORDS * random() ** 3)}`
  const line = (): string => Array.from({ length: 10 }, word).join(' ')
  return Array.from({ length: 160_000 }, line).join('\n')
}

test('a word count of 100 MB on two threads stays small', { timeout: 120_000 }, async () => {
  const directory = temporaryDirectory()
  const lines = join(directory, 'lines')
  mkdirSync(lines)
  const made = text()
  for (let file = 0; file < FILES; file++) writeFileSync(join(lines, `${file}.txt`), made)
  const bound = ['--bind', `lines=${lines}`, '--state', join(directory, 's')]
  const more = ['--once', '--parallelism', '2']
  const { stdout } = await millraceAlone(
    directory,
    'run',
    pipelinePath('many-words'),
    ...bound,
    ...more,
  )
  const [, words, kib] = /words (\d+), memory (\d+) KiB/.exec(stdout) ?? []
  expect(Number(words)).toBe(new Set(made.split(/[ \n]/)).size)
  expect(Number(kib) * 1024).toBeLessThan(370 * MIB)
})
