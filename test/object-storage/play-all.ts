/** The tests of all scenarios in some backends, and of the page that shows them. */
import { describe, expect, test } from 'vitest'
import { type Place, seenText } from './place.ts'
import { type Backend, BACKENDS, expectedIn, play, type Scenario } from './scenario.ts'
import { GROUPS } from './scenarios/all.ts'
import { PAGE, pageWith, SeenCells, unexpectedIn } from './table.ts'

/** Opens a place for a scenario. */
export type OpenPlace = (backend: Backend, scenario: Scenario) => Promise<Place>

const seenIn = async (place: Place, scenario: Scenario): Promise<string> => {
  try {
    await play(place, scenario)
    return seenText(await place.seen())
  } finally {
    await place.close()
  }
}

/** Plays all scenarios, and compares. With `vitest -u`, the page gets what was seen. */
export const playAll = (backends: readonly Backend[], open: OpenPlace): void => {
  const cells = new SeenCells()
  const rows = backends.flatMap((backend) =>
    GROUPS.flatMap(({ title, scenarios }) =>
      scenarios
        .filter(({ except }) => except?.[backend] === undefined)
        .map((scenario) => ({ backend, title, name: scenario.name, scenario })),
    ),
  )

  test.each(rows)('$backend: $title: $name', async ({ backend, scenario }) => {
    const seen = await seenIn(await open(backend, scenario), scenario)
    cells.add(backend, scenario, seen)
    expect(seen).toBe(expectedIn(scenario, backend))
  })

  describe('the page', () => {
    test('has every scenario, and what was seen', async () =>
      expect(pageWith(GROUPS, cells)).toMatchFileSnapshot(PAGE))

    test('shows what is expected in all backends', () =>
      expect(unexpectedIn(GROUPS, BACKENDS)).toEqual([]))
  })
}
