/** Windows by event time over random records, against plain loops over all records. */
import { type DStream, milliseconds } from 'millrace'
import { describe, expect, test } from 'vitest'
import { Random } from '../../../../lib/testing/random.ts'
import { givenBy, on, type Operation } from '../batches.ts'
import { START_MS } from '../harness.ts'
import {
  type Event,
  type EventBatch,
  lateLine,
  lineOf,
  plainLoop,
  type Rule,
} from './plain-loop.ts'

const BATCHES = 14
const KEYS = ['a', 'b', 'c']

/** Records of two lanes that go on at their own pace, out of order, with gaps. */
const eventsOf = (random: Random): readonly EventBatch[] => {
  let value = 0
  const clocks = [random.between(-30, 30), random.between(-30, 30)]
  return Array.from({ length: BATCHES }, () =>
    clocks.map((_, lane) => {
      const pace = random.chance(0.1) ? 60 : random.between(0, 12)
      clocks[lane] = (clocks[lane] as number) + pace
      return Array.from({ length: random.chance(0.3) ? 0 : random.between(1, 5) }, (): Event => {
        const at = (clocks[lane] as number) - (random.chance(0.3) ? random.between(0, 40) : 0)
        return [random.pick(KEYS), at, value++]
      })
    }),
  )
}

/** The results and the late records of a rule, as lines. */
const linesOf = ({ windows, lateness, idle, early }: Rule): Operation =>
  on<Event>((left, right) => {
    const timed = left
      .union(right as DStream<Event>)
      .mapToPair(([key, at, value]) => [key, { at, value }])
      .withEventTime(([, { at }]) => at, {
        ...(lateness === 0 ? {} : { lateness: milliseconds(lateness) }),
        idle: milliseconds(idle),
      })
    const results = (
      'gap' in windows
        ? timed.sessionWindow(milliseconds(windows.gap))
        : timed.window(milliseconds(windows.size), milliseconds(windows.slide))
    ).groupByKey({ early, partitions: 2 })
    const late = results.late().map(({ key, value }) => lateLine(key, value.at, value.value))
    return results
      .map(({ kind, key, window, value }) =>
        lineOf(
          kind,
          key,
          window,
          value.map((one) => one.value),
        ),
      )
      .union(late)
  })

const rules: readonly (readonly [string, Rule['windows']])[] = [
  ['tumbling', { size: 10, slide: 10 }],
  ['sliding', { size: 12, slide: 4 }],
  ['sliding, of uneven panes', { size: 10, slide: 4 }],
  ['sessions', { gap: 7 }],
]

describe.each(rules)('%s', (_, windows) => {
  test.each([1, 2, 3, 4, 5, 6])('give what a plain loop gives: seed %i', async (seed) => {
    const random = new Random(seed)
    const rule: Rule = {
      windows,
      lateness: random.pick([0, 0, 5, 20]),
      idle: random.pick([1_000, 3_000, 60_000]),
      early: random.chance(0.5),
    }
    const batches = eventsOf(random)
    const times = batches.map((__, index) => START_MS + (index + 1) * 1_000)
    const given = await givenBy(
      linesOf(rule),
      batches.map(([left = []]) => left),
      { restartAfter: () => random.chance(0.2), failFirst: () => random.chance(0.2) },
      batches.map(([, right = []]) => right),
    )
    expect(given.map(([, lines]) => (lines as readonly string[]).toSorted())).toEqual(
      plainLoop(batches, times, rule),
    )
  })
})
