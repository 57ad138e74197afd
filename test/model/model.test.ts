import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

import { Fingerprints } from './fingerprints.ts'
import { plantedBugs } from './planted.ts'
import {
  allConfigurations,
  between,
  boundsText,
  hunt,
  plantedRow,
  plantedTable,
  scheduleText,
  visit,
} from './report.ts'
import { firstWorld, type HeadWriteKind, type World } from './world.ts'

const document = readFileSync(
  join(import.meta.dirname, '..', '..', 'docs', 'internals', 'model.md'),
  'utf8',
)

const HEAD_WRITES: readonly HeadWriteKind[] = [
  'log',
  'again',
  'commit',
  'fail',
  'rest',
  'wake',
  'adopt',
  'exhaust',
  'operate',
]

describe('the protocol, in every order within bounds', () => {
  const happened = new Set<string>()

  test.each(allConfigurations.map((configuration) => [configuration.name, configuration] as const))(
    '%s',
    (_, configuration) => {
      const result = visit(configuration.test)
      result.happened.forEach((what) => happened.add(what))
      expect(scheduleText(result)).toBe('')
    },
  )

  test('has every write of the head go through and be refused somewhere', () => {
    const expected = HEAD_WRITES.flatMap((kind) => [`${kind} written`, `${kind} refused`])
    expect(expected.filter((what) => !happened.has(what))).toEqual([])
  })
})

describe('planted bugs', () => {
  const rows: string[] = []

  test.each(plantedBugs.map((bug) => [bug.name, bug] as const))('%s is found', (_, bug) => {
    const result = hunt(bug)
    rows.push(plantedRow(bug, result))
    expect(result.violation).toBeDefined()
  })

  test('are found as docs/internals/model.md says', () =>
    expect(between(document, 'planted')).toBe(plantedTable(rows)))
})

test('docs/internals/model.md shows the bounds that the program has', () => {
  const bounds = between(document, 'visited')
    .split('\n')
    .slice(2)
    .map((line) => line.split(' | ')[2])
  expect(bounds).toEqual(allConfigurations.map(({ program }) => boundsText(program)))
})

describe('worlds that are the same', () => {
  const world = firstWorld({
    records: [1],
    drivers: [1, 1],
    intakes: 0,
    delivery: 1,
    entry: 1,
    batch: 1,
    faults: {},
  })
  const logged = (driver: number, by: '#1' | '#2'): World => ({
    ...world,
    drivers: world.drivers.with(driver, {
      generation: 1,
      memory: null,
      garbage: null,
      at: { before: 'log', seen: world.head, input: { blocks: [], offsets: [] }, by },
    }),
  })
  const known = new Fingerprints()
  const first = known.numberOf(logged(0, '#1'))

  test.each([
    ['another driver in the same place', logged(1, '#1'), true],
    ['another attempt id', logged(0, '#2'), true],
    ['another place', world, false],
    ['another epoch', { ...logged(0, '#1'), head: { ...world.head, epoch: 1 } }, false],
    [
      'an attempt id that is there already',
      { ...logged(0, '#1'), head: { ...world.head, owner: '#1' as const } },
      false,
    ],
  ])('%s', (_, other, isSame) => expect(known.numberOf(other) === first).toBe(isSame))
})
