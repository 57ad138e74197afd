/**
 * Random uploads, renames, copies and deletions with `onRename: 'ignore'`. Each content is unique,
 * so the expected counts need no knowledge of the rules: none counts twice, and what is there at
 * the end counts once.
 */
import { describe, expect, test } from 'vitest'
import { directoryPlace } from './directory-place.ts'
import type { Place } from './place.ts'
import type { Scenario } from './scenario.ts'
import { simulatedPlace } from './simulated-side.ts'
import { random } from './random.ts'

const SCENARIO: Scenario = {
  name: 'random',
  options: { onRename: 'ignore', onOverwrite: 'new' },
  steps: [],
  expected: '',
}
const KEYS = ['in/a', 'in/b', 'in/c', 'in/d']
const STEPS = 25

/** Plays random steps. Returns the contents that were put, and those that are there at the end. */
const playRandom = async (
  place: Place,
  seed: number,
  mayCopy: boolean,
): Promise<{ readonly all: readonly string[]; readonly there: readonly string[] }> => {
  const pick = random(seed)
  const there = new Map<string, string>()
  const all: string[] = []
  await place.batch()
  for (let step = 0; step < STEPS; step++) {
    const [from, to] = [pick(KEYS), pick(KEYS)]
    const content = there.get(from)
    const action = pick(['put', 'put', 'rename', 'rename', 'copy', 'remove', 'batch', 'batch'])
    if (action === 'batch') await place.batch()
    if (action === 'put') {
      const line = `content ${all.length}`
      await place.put(from, { bytes: Buffer.from(`${line}\n`) })
      there.set(from, line)
      all.push(line)
    }
    if (content === undefined || from === to) continue
    if (action === 'remove') await place.remove(from)
    if (action === 'rename') await place.rename(from, to)
    if (action === 'copy' && mayCopy) await place.copy(from, to)
    if (action === 'remove' || action === 'rename') there.delete(from)
    if (action === 'rename' || (action === 'copy' && mayCopy)) there.set(to, content)
  }
  for (let batch = 0; batch < 3; batch++) await place.batch()
  return { all, there: [...new Set(there.values())] }
}

describe.each([
  ['a directory', () => directoryPlace(SCENARIO), 4, false],
  ['a bucket', () => simulatedPlace(SCENARIO, false), 25, true],
  ['a bucket with versions', () => simulatedPlace(SCENARIO, true), 25, true],
] as const)('in %s', (name, open, seeds, mayCopy) => {
  test.each(Array.from({ length: seeds }, (_, seed) => seed))('seed %i', async (seed) => {
    const place = await open()
    try {
      const { all, there } = await playRandom(place, seed, mayCopy)
      const { lines, deadLetters } = await place.seen()
      expect(deadLetters).toEqual([])
      expect(lines).toEqual([...new Set(lines)])
      const expected = name === 'a bucket with versions' ? all : there
      expect(expected.filter((line) => !lines.includes(line))).toEqual([])
    } finally {
      await place.close()
    }
  })
})
