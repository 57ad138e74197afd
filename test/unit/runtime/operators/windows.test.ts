import fc from 'fast-check'
import { type DStream, seconds } from 'millrace'
import { describe, expect, test } from 'vitest'
import { type Accidents, givenBy, type Operation, on } from '../batches.ts'
import { pipelineOf, World } from '../harness.ts'

type Numbers = DStream<number>
type Pairs = DStream<[string, number]>

const add = (a: number, b: number): number => a + b
const subtract = (a: number, b: number): number => a - b
const max = (a: number, b: number): number => Math.max(a, b)

interface Row {
  readonly name: string
  readonly operation: Operation
  readonly batches: readonly (readonly unknown[])[]
  /** Results by second. Missing seconds have no RDD. */
  readonly gives: Readonly<Record<number, readonly unknown[]>>
}

const rows: readonly Row[] = [
  {
    name: 'a window starts before it is full, keeps duplicates, and shrinks to nothing',
    operation: on<number>((numbers) => numbers.window(seconds(3))),
    batches: [[1], [2, 2], [3], [4], [], [], []],
    gives: { 1: [1], 2: [1, 2, 2], 3: [1, 2, 2, 3], 4: [2, 2, 3, 4], 5: [3, 4], 6: [4], 7: [] },
  },
  {
    name: 'a window has RDDs only at its slides',
    operation: on<number>((numbers) => numbers.window(seconds(2), seconds(3)).map((n) => n * 10)),
    batches: [[1], [2], [3], [4], [5], [6], [], [], []],
    gives: { 3: [20, 30], 6: [50, 60], 9: [] },
  },
  {
    name: 'a window of windows uses the slides of the inner window',
    operation: on<number>((numbers) =>
      numbers.window(seconds(2), seconds(2)).window(seconds(4), seconds(4)),
    ),
    batches: [[1], [2], [3], [4], [5], [], [], []],
    gives: { 4: [1, 2, 3, 4], 8: [5] },
  },
  {
    name: 'reduceByWindow has no element for an empty window',
    operation: on<number>((numbers) => numbers.reduceByWindow(max, seconds(2))),
    batches: [[5, 1], [3], [], [], [2]],
    gives: { 1: [5], 2: [5], 3: [3], 4: [], 5: [2] },
  },
  {
    name: 'reduceByWindow with an inverse continues after the first element',
    operation: on<number>((numbers) => numbers.reduceByWindow(add, subtract, seconds(2))),
    batches: [[], [5], [3], [], []],
    gives: { 1: [], 2: [5], 3: [8], 4: [3], 5: [0] },
  },
  {
    name: 'countByWindow',
    operation: on<number>((numbers) => numbers.countByWindow(seconds(2))),
    batches: [[], [7, 7], [8], [], []],
    gives: { 1: [], 2: [2], 3: [3], 4: [1], 5: [0] },
  },
  {
    name: 'countByValueAndWindow drops values that left the window',
    operation: on<string>((words) =>
      words.countByValueAndWindow(seconds(2), seconds(2), { partitions: 1 }),
    ),
    batches: [['a', 'b'], ['a'], ['b'], [], [], []],
    gives: {
      2: [
        ['a', 2],
        ['b', 1],
      ],
      4: [['b', 1]],
      6: [],
    },
  },
  {
    name: 'groupByKeyAndWindow has the values of older batches first',
    operation: on<[string, number]>((pairs) => pairs.groupByKeyAndWindow(seconds(3), seconds(2))),
    batches: [
      [
        ['b', 1],
        ['a', 2],
      ],
      [['b', 3]],
      [['b', 4]],
      [['b', 5]],
      [],
      [],
    ],
    gives: {
      2: [
        ['a', [2]],
        ['b', [1, 3]],
      ],
      4: [['b', [3, 4, 5]]],
      6: [['b', [5]]],
    },
  },
  {
    name: 'a key leaves a plain reduction with its last value',
    operation: on<[string, number]>((pairs) => pairs.reduceByKeyAndWindow(add, seconds(2))),
    batches: [[['a', 1]], [['b', 2]], [], []],
    gives: {
      1: [['a', 1]],
      2: [
        ['a', 1],
        ['b', 2],
      ],
      3: [['b', 2]],
      4: [],
    },
  },
  {
    name: 'a key stays in a reduction with an inverse',
    operation: on<[string, number]>((pairs) =>
      pairs.reduceByKeyAndWindow(add, subtract, seconds(2), seconds(2)),
    ),
    batches: [[['a', 1]], [['a', 2]], [], [['b', 3]], [], []],
    gives: {
      2: [['a', 3]],
      4: [
        ['a', 0],
        ['b', 3],
      ],
      6: [
        ['a', 0],
        ['b', 0],
      ],
    },
  },
  {
    name: 'a filter drops keys with nothing left',
    operation: on<[string, number]>((pairs) =>
      pairs.reduceByKeyAndWindow(add, subtract, seconds(2), undefined, {
        filter: (_, count) => count > 0,
      }),
    ),
    batches: [[['a', 1]], [], [], [['a', 2]]],
    gives: { 1: [['a', 1]], 2: [['a', 1]], 3: [], 4: [['a', 2]] },
  },
  {
    name: 'a filter that changes a structured key in place drops that key and no other',
    operation: on<string>((words) =>
      words
        .map((word): [string[], number] => [[word], 1])
        .reduceByKeyAndWindow(add, subtract, seconds(2), seconds(1), {
          filter: (key, count) => key.push('x') > 0 && count > 0,
        }),
    ),
    batches: [['a', 'b'], ['b'], [], []],
    gives: {
      1: [
        [['a'], 1],
        [['b'], 1],
      ],
      2: [
        [['a'], 1],
        [['b'], 2],
      ],
      3: [[['b'], 1]],
      4: [],
    },
  },
  {
    name: 'batches between two windows are not counted, even with an inverse',
    operation: on<[string, number]>((pairs) =>
      pairs.reduceByKeyAndWindow(add, subtract, seconds(2), seconds(3)),
    ),
    batches: [[['a', 1]], [['a', 2]], [['a', 4]], [['a', 8]], [['a', 16]], [['a', 32]]],
    gives: { 3: [['a', 6]], 6: [['a', 48]] },
  },
]

describe('windows, warm, and cold after every batch', () => {
  test.each(rows)('$name', async ({ operation, batches, gives }) => {
    const expected = Object.entries(gives).map(([second, elements]) => [Number(second), elements])
    expect(await givenBy(operation, batches)).toEqual(expected)
    expect(await givenBy(operation, batches, { restartAfter: () => true })).toEqual(expected)
  })
})

/** Lists as values, reduced in place: ordinary JavaScript. */
const append = (a: { items: number[] }, b: { items: number[] }): { items: number[] } => {
  a.items.push(...b.items)
  return a
}

const operations = (
  length: number,
  slide: number,
  partitions: number,
): Readonly<Record<string, Operation>> => ({
  window: on<[string, number]>((pairs) => pairs.window(seconds(length), seconds(slide))),
  grouped: on<[string, number]>((pairs) =>
    pairs.groupByKeyAndWindow(seconds(length), seconds(slide), { partitions }),
  ),
  reduced: on<[string, number]>((pairs) =>
    pairs.reduceByKeyAndWindow(add, seconds(length), seconds(slide), { partitions }),
  ),
  inverse: on<[string, number]>((pairs) =>
    pairs.reduceByKeyAndWindow(add, subtract, seconds(length), seconds(slide), { partitions }),
  ),
  appended: on<[string, number]>((pairs) =>
    pairs
      .mapValues((n) => ({ items: [n] }))
      .reduceByKeyAndWindow(append, seconds(length), seconds(slide), { partitions })
      .map(([key, value]) => {
        value.items.push(-1)
        return [key, value]
      }),
  ),
  counted: on<[string, number]>((pairs) =>
    pairs.countByValueAndWindow(seconds(length), seconds(slide), { partitions }),
  ),
})

/** The expected content of a window at each slide, computed from the batches. */
const recomputed = (
  batches: readonly (readonly [string, number][])[],
  length: number,
  slide: number,
): readonly unknown[] =>
  batches.flatMap((_, index) => {
    const second = index + 1
    if (second % slide !== 0) return []
    const held = batches.slice(Math.max(0, second - length), second).flat()
    const groups = Map.groupBy(held, ([key]) => key)
    const sorted = [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1))
    return [[second, sorted.map(([key, pairs]) => [key, pairs.map(([, value]) => value)])]]
  })

const pairs = (value: fc.Arbitrary<number>): fc.Arbitrary<[string, number][][]> =>
  fc.array(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), value), { maxLength: 5 }), {
    minLength: 4,
    maxLength: 16,
  })

const shape = {
  length: fc.integer({ min: 1, max: 6 }),
  slide: fc.integer({ min: 1, max: 4 }),
  partitions: fc.integer({ min: 1, max: 3 }),
}

describe('for any batches', () => {
  test('grouping over windows equals grouping their content', async () => {
    await fc.assert(
      fc.asyncProperty(
        pairs(fc.integer()),
        shape.length,
        shape.slide,
        async (batches, length, slide) => {
          const { grouped } = operations(length, slide, 1)
          expect(await givenBy(grouped as Operation, batches)).toEqual(
            recomputed(batches, length, slide),
          )
        },
      ),
      { numRuns: 15 },
    )
  })

  test('both reductions equal the content of the window; keys stay without a filter', async () => {
    await fc.assert(
      fc.asyncProperty(
        pairs(fc.integer({ min: 1, max: 9 })),
        shape.length,
        shape.slide,
        async (batches, length, slide) => {
          const { reduced, inverse } = operations(length, slide, 1)
          const sums = recomputed(batches, length, slide).map((one) => {
            const [second, groups] = one as [number, [string, number[]][]]
            return [second, groups.map(([key, values]) => [key, values.reduce(add)])]
          })
          expect(await givenBy(reduced as Operation, batches)).toEqual(sums)
          const withoutZeros = (await givenBy(inverse as Operation, batches)).map(
            ([second, results]) => [
              second,
              (results as [string, number][]).filter(([, sum]) => sum !== 0),
            ],
          )
          expect(withoutZeros).toEqual(sums)
        },
      ),
      { numRuns: 15 },
    )
  })

  test('restarts and failed attempts change nothing, to the last bit of a float (B3)', async () => {
    const accident = fc.array(fc.boolean(), { minLength: 16, maxLength: 16 })
    await fc.assert(
      fc.asyncProperty(
        pairs(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 })),
        shape.length,
        shape.slide,
        shape.partitions,
        accident,
        accident,
        async (batches, length, slide, partitions, restarts, failures) => {
          const accidents: Accidents = {
            restartAfter: (batch) => restarts[batch] as boolean,
            failFirst: (batch) => failures[batch] as boolean,
          }
          for (const operation of Object.values(operations(length, slide, partitions))) {
            expect(await givenBy(operation, batches, accidents)).toEqual(
              await givenBy(operation, batches),
            )
          }
        },
      ),
      { numRuns: 15 },
    )
  })
})

describe('panes in the store', () => {
  const panesIn = (world: World): readonly string[] =>
    world.store.keys().filter((key) => key.includes('/panes#'))

  test('are written for batches with data, and deleted when nothing needs them', async () => {
    const world = new World()
    const deployment = world.deploy(
      pipelineOf(
        (ssc) => {
          const lines = ssc.socketTextStream('lines', 1)
          lines.window(seconds(3)).print()
          lines.countByWindow(seconds(3)).print()
        },
        { whenIdle: 'tick' },
      ),
    )
    const counts: number[] = []
    await deployment.run()
    for (const [index, line] of [
      'a',
      'b',
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ].entries()) {
      if (line !== undefined) await deployment.append('socketTextStream-1', index + 1, [line])
      await deployment.tick()
      counts.push(panesIn(world).length)
    }
    expect(counts.slice(0, 3)).toEqual([2, 4, 4])
    expect(counts.at(-1)).toBe(0)
  })

  test('of a crash are deleted by a sweep', async () => {
    const world = new World()
    const pipeline = pipelineOf(
      (ssc) => ssc.socketTextStream('lines', 1).window(seconds(2)).print(),
      { whenIdle: 'tick' },
    )
    const lost = world.deploy(pipeline)
    await lost.run()
    await lost.append('socketTextStream-1', 1, ['a'])
    await lost.tick()
    await lost.append('socketTextStream-1', 2, ['b'])
    // The pane is written, but the manifest after it is not.
    world.store.fail({ call: 'putAll', to: 'app#seg#@manifest', times: 4 })
    await lost.tick()
    expect(panesIn(world)).toHaveLength(2)
    world.advance(10_000)
    await world.deploy(pipeline).tick(6)
    // A sweep deletes segments of batches that are done.
    await world.deploy(pipeline).tick(1)
    expect(panesIn(world)).toEqual([])
  })
})

describe('an idle pipeline', () => {
  const restTimes = async (
    describe: (lines: DStream<string>) => void,
  ): Promise<readonly number[]> => {
    const world = new World()
    const deployment = world.deploy(pipelineOf((ssc) => describe(ssc.socketTextStream('lines', 1))))
    await deployment.run()
    await deployment.append('socketTextStream-1', 1, ['a'])
    await deployment.tick(20)
    return deployment.eventsOf('rest').map(({ timeMs }) => (timeMs - 1_700_000_000_000) / 1_000)
  }

  test.each<[string, (lines: DStream<string>) => void, readonly number[]]>([
    ['rests after its first empty batch', (lines) => lines.print(), [2]],
    // At 3 the window contains the line, at 4 no more, and 5 is the first batch that changes
    // nothing.
    ['rests after its window was empty once', (lines) => lines.window(seconds(3)).print(), [5]],
    // The line leaves at the slide at 6, and the slide at 9 is quiet.
    ['waits for a quiet slide', (lines) => lines.window(seconds(3), seconds(3)).print(), [9]],
    [
      'waits for the slowest window',
      (lines) => [2, 4].forEach((n) => lines.window(seconds(2), seconds(n)).print()),
      [8],
    ],
    [
      'waits for windows of windows',
      (lines) => lines.window(seconds(2)).window(seconds(2)).print(),
      [5],
    ],
    ['rests even if keys stay', (lines) => lines.countByValueAndWindow(seconds(2)).print(), [4]],
  ])('%s', async (_, describePipeline, times) => {
    expect(await restTimes(describePipeline)).toEqual(times)
  })
})

describe('windows and deployments', () => {
  test.each<[string, (numbers: Numbers) => DStream<unknown>, RegExp | undefined]>([
    ['the same window continues', (numbers) => numbers.window(seconds(4), seconds(2)), undefined],
    [
      'another length does not fit',
      (numbers) => numbers.window(seconds(2), seconds(2)),
      /4000 ms every 2000 ms.*2000 ms every 2000 ms/,
    ],
    [
      'another slide does not fit',
      (numbers) => numbers.window(seconds(4), seconds(4)),
      /4000 ms every 2000 ms.*4000 ms every 4000 ms/,
    ],
    [
      'another operation does not fit',
      (numbers) => numbers.countByWindow(seconds(4), seconds(2)),
      /made by window/,
    ],
  ])('%s', async (_, changed, refused) => {
    const world = new World()
    const pipelineWith = (operation: (numbers: Numbers) => DStream<unknown>) =>
      pipelineOf((ssc) =>
        operation(ssc.socketTextStream('lines', 1) as unknown as Numbers)
          .named('w')
          .print(),
      )
    const first = world.deploy(pipelineWith((numbers) => numbers.window(seconds(4), seconds(2))))
    await first.run()
    await first.append('socketTextStream-1', 1, [1])
    await first.tick()
    const second = world.deploy(pipelineWith(changed), { generation: 2 })
    if (refused === undefined) expect((await second.run()).kind).toBe('idle')
    else await expect(second.run()).rejects.toThrow(refused)
  })
})

test('a filter that drops a key too early is an error when its value leaves', async () => {
  const operation = on<[string, number]>((all: Pairs) =>
    all.reduceByKeyAndWindow(add, subtract, seconds(2), undefined, {
      filter: (_, value) => value > 1,
    }),
  )
  await expect(givenBy(operation, [[['a', 1]], [], []])).rejects.toThrow(
    /Neither previous window has value for key/,
  )
})
