import fc from 'fast-check'
import {
  type FileOptions,
  minutes,
  readObjects,
  seconds,
  type StreamingContext,
  type StreamOptions,
} from 'millrace'
import { describe, expect, test } from 'vitest'
import { pipelineOf, START_MS, World } from '../harness.ts'

const SOURCE = 'socketTextStream-1'

/** The files of the output `out`: by second from the start, the text of each part. */
const filesOf = (world: World): Readonly<Record<number, readonly string[]>> => {
  const found: Record<number, string[]> = {}
  for (const [path, bytes] of [...world.files.files()].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const [, ms, name] = /^out-(\d+)\/(.+)$/.exec(path) ?? []
    const parts = (found[(Number(ms) - START_MS) / 1_000] ??= [])
    if (name !== '_SUCCESS') parts.push(Buffer.from(bytes).toString())
  }
  return found
}

const pipelineWith = (
  options: FileOptions,
  settings: Partial<StreamOptions> = {},
  more?: (ssc: StreamingContext) => void,
) =>
  pipelineOf((ssc) => {
    ssc.socketTextStream('lines', 1).saveAsTextFiles('out', options)
    more?.(ssc)
  }, settings)

const TICK = { whenIdle: 'tick' } as const

interface Accidents {
  readonly restartAfter?: (batch: number) => boolean
  readonly failFirst?: (batch: number) => boolean
  readonly settings?: Partial<StreamOptions>
}

/** One batch a second; after the last one, enough of them to end each period. */
const run = async (
  options: FileOptions,
  batches: readonly (readonly string[])[],
  { restartAfter = () => false, failFirst = () => false, settings = {} }: Accidents = {},
): Promise<World> => {
  const world = new World()
  let accident = false
  const pipeline = pipelineWith(options, settings, (ssc) =>
    ssc.socketTextStream('others', 1).foreachRDD(() => {
      if (accident) throw new Error('an accident')
    }),
  )
  let deployment = world.deploy(pipeline)
  let generation = 1
  await deployment.run()
  let position = 1
  for (const [index, lines] of batches.entries()) {
    if (lines.length > 0) await deployment.append(SOURCE, position, lines)
    position += lines.length
    accident = failFirst(index)
    await deployment.tick()
    if (accident) {
      accident = false
      deployment = world.deploy(pipeline, { generation: ++generation })
      await deployment.run()
    }
    if (restartAfter(index)) deployment = world.deploy(pipeline, { generation })
  }
  await deployment.tick(10)
  return world
}

const FIVE: FileOptions = { every: seconds(5) }
const nothing = (count: number): readonly (readonly string[])[] => Array<string[]>(count).fill([])

type Row = readonly [
  name: string,
  options: FileOptions,
  batches: readonly (readonly string[])[],
  files: Readonly<Record<number, readonly string[]>>,
]

test.for<Row>([
  [
    'without options: one directory for each batch, until the pipeline rests',
    {},
    [['a'], [], ['b']],
    { 1: ['a\n'], 2: [], 3: ['b\n'], 4: [] },
  ],
  ['no empty directories', { skipEmpty: true }, [['a'], [], ['b']], { 1: ['a\n'], 3: ['b\n'] }],
  ['one file for each period', FIVE, [['a'], ['b'], [], ['c']], { 5: ['a\nb\nc\n'] }],
  [
    'the batch at the end of a period belongs to it',
    FIVE,
    [['a'], [], [], [], ['b'], ['c']],
    { 5: ['a\nb\n'], 10: ['c\n'] },
  ],
  [
    'no file for a period without elements',
    FIVE,
    [['a'], ...nothing(10), ['b']],
    { 5: ['a\n'], 15: ['b\n'] },
  ],
  [
    'a file before it would be too large',
    { ...FIVE, maxBytes: 5 },
    [['a', 'b'], ['c', 'd'], ['e']],
    { 2: ['a\nb\n'], 3: ['c\nd\n'], 5: ['e\n'] },
  ],
  [
    'two files of one batch, when a large one comes at the end of a period',
    { ...FIVE, maxBytes: 5 },
    [...nothing(3), ['a', 'b'], ['c', 'd'], ['e']],
    { 5: ['a\nb\n', 'c\nd\n'], 10: ['e\n'] },
  ],
  [
    'a batch that is larger than a file',
    { ...FIVE, maxBytes: 1 },
    [['abc', 'd']],
    {
      1: ['abc\nd\n'],
    },
  ],
  ['lines that look like nothing', FIVE, [['', ''], ['\u2028']], { 5: ['\n\n\u2028\n'] }],
])('%s', async ([, options, batches, files]) => {
  expect(filesOf(await run(options, batches))).toEqual(files)
})

test('all files together are what the batches would have written, whatever happens', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.string({ maxLength: 9 }), { maxLength: 4 }), { maxLength: 14 }),
      fc.array(fc.nat(13), { maxLength: 3 }),
      fc.array(fc.nat(13), { maxLength: 3 }),
      fc.constantFrom(1, 2, 5),
      fc.constantFrom(1, 12, 1_000),
      async (batches, restarts, failures, every, maxBytes) => {
        const options = { every: seconds(every), maxBytes }
        const world = await run(options, batches, {
          restartAfter: (batch) => restarts.includes(batch),
          failFirst: (batch) => failures.includes(batch),
          settings: TICK,
        })
        const all = Object.values(filesOf(world)).flat().join('')
        const each = Object.values(filesOf(await run({}, batches)))
          .flat()
          .join('')
        expect(all).toBe(each)
        expect(all).toBe(
          batches
            .flat()
            .map((line) => `${line}\n`)
            .join(''),
        )
        // An attempt that failed changes nothing of what another one writes.
        expect(filesOf(world)).toEqual(filesOf(await run(options, batches, { settings: TICK })))
      },
    ),
    { numRuns: 25 },
  )
})

describe('a pipeline at rest', () => {
  test('sleeps until the end of the period, and writes the file then', async () => {
    const world = new World()
    const deployment = world.deploy(pipelineWith({ every: seconds(20) }))
    await deployment.run()
    await deployment.append(SOURCE, 1, ['a'])
    await deployment.tick(4)
    expect(await world.head()).toMatchObject({ status: 'rest', wakeMs: START_MS + 20_000 })
    await deployment.tick(15)
    expect(filesOf(world)).toEqual({})
    await deployment.tick()
    expect(filesOf(world)).toEqual({ 20: ['a\n'] })
    await deployment.tick(5)
    expect(await world.head()).toMatchObject({ status: 'rest', wakeMs: 0 })
    // One batch with the record, one quiet one; one with the file, one quiet one.
    expect(deployment.eventsOf('batchStarted')).toHaveLength(4)
  })

  test('nobody comes until long after the end: what comes then is in the next file', async () => {
    const world = new World()
    const deployment = world.deploy(pipelineWith(FIVE))
    await deployment.run()
    await deployment.append(SOURCE, 1, ['a'])
    await deployment.tick(2)
    world.advance(60_000)
    await deployment.append(SOURCE, 2, ['b'])
    await deployment.tick(9)
    expect(Object.values(filesOf(world))).toEqual([['a\n'], ['b\n']])
  })

  test('a run to the end writes what waits; one that keeps the time leaves it', async () => {
    const world = new World()
    const deployment = world.deploy(pipelineWith({ every: minutes(60) }))
    await deployment.run()
    await deployment.append(SOURCE, 1, ['a'])
    const kept = await deployment.driver.run({ aheadOfClock: true })
    expect(kept).toMatchObject({ kind: 'idle', waiting: { keys: 0, outputs: 1 } })
    expect(filesOf(world)).toEqual({})
    const ended = await deployment.driver.run({ aheadOfClock: true, untilIdle: true })
    expect(ended).not.toHaveProperty('waiting')
    expect(Object.values(filesOf(world))).toEqual([['a\n']])
    expect(deployment.eventsOf('batchStarted').length).toBeLessThan(6)
  })
})

describe('what waits in the store', () => {
  const panesIn = (world: World): number =>
    world.store.keys().filter((key) => key.includes('/panes#')).length

  test('is one segment for each batch with elements, and nothing once it is written', async () => {
    const world = new World()
    const deployment = world.deploy(pipelineWith(FIVE, TICK))
    await deployment.run()
    const counts: number[] = []
    for (const [index, lines] of [
      ['a'],
      [],
      ['b'],
      ['c'],
      ['d'],
      [],
      [],
      ['e'],
      [],
      [],
    ].entries()) {
      if (lines.length > 0) await deployment.append(SOURCE, index + 1, lines)
      await deployment.tick()
      counts.push(panesIn(world))
    }
    expect(counts.slice(0, 4)).toEqual([1, 1, 2, 3])
    await deployment.tick(8)
    expect(panesIn(world)).toBe(0)
  })
})

describe('deployments', () => {
  const placeOf = (name: string, options: FileOptions, isFed = true) =>
    pipelineOf((ssc) =>
      ssc
        .socketTextStream('lines', 1)
        .filter(() => isFed)
        .saveAsTextFiles(name, options),
    )

  /** Two batches wait under a first plan, and a second one follows. */
  const deployedOver = async (first: FileOptions, second: FileOptions, name = 'out') => {
    const world = new World()
    const before = world.deploy(placeOf('out', first))
    await before.run()
    await before.append(SOURCE, 1, ['a'])
    await before.tick()
    await before.append(SOURCE, 2, ['b'])
    await before.tick(2)
    await world.deploy(placeOf(name, second), { generation: 2 }).tick(30)
    return world
  }

  test.for<readonly [string, FileOptions, FileOptions, Record<number, readonly string[]>]>([
    ['a longer period', FIVE, { every: seconds(20) }, { 20: ['a\nb\n'] }],
    ['a shorter period', { every: seconds(20) }, FIVE, { 5: ['a\nb\n'] }],
    ['one that is over', { every: seconds(20) }, { every: seconds(1) }, { 4: ['a\n', 'b\n'] }],
    ['a smaller limit', FIVE, { ...FIVE, maxBytes: 3 }, { 4: ['a\nb\n'] }],
  ])('%s takes over what waits', async ([, first, second, files]) => {
    expect(filesOf(await deployedOver(first, second))).toEqual(files)
  })

  test.for<readonly [string, FileOptions, string, RegExp]>([
    [
      'the output is gone',
      FIVE,
      'moved',
      /rolled-out-0-\w+\/panes" \(rolled, with 2 batches\) is in/,
    ],
    ['it collects nothing any more', {}, 'out', /with 2 batches\) is in the store and not in/],
  ])('%s: the plan is refused', async ([, second, name, text]) => {
    await expect(deployedOver(FIVE, second, name)).rejects.toThrow(text)
  })

  test('another format is refused', async () => {
    const world = new World()
    const before = world.deploy(pipelineWith({ every: seconds(20) }))
    await before.run()
    await before.append(SOURCE, 1, ['a'])
    await before.tick(2)
    const changed = pipelineOf((ssc) =>
      ssc.socketTextStream('lines', 1).saveAsObjectFiles('out', { every: seconds(20) }),
    )
    await expect(world.deploy(changed, { generation: 2 }).tick()).rejects.toThrow(
      /was made with files of text and is now with files of object lines/,
    )
  })

  test('an output that gets nothing can be removed after its last file', async () => {
    const world = new World()
    const before = world.deploy(placeOf('out', FIVE))
    await before.run()
    await before.append(SOURCE, 1, ['a'])
    await before.tick(2)
    await world.deploy(placeOf('out', FIVE, false), { generation: 2 }).tick(5)
    expect(filesOf(world)).toEqual({ 5: ['a\n'] })
    await world.deploy(placeOf('moved', FIVE), { generation: 3 }).tick()
    expect(await world.head()).toMatchObject({ generation: 3 })
  })
})

test('object files give the same elements back', async () => {
  const world = new World()
  const deployment = world.deploy(
    pipelineOf((ssc) =>
      ssc
        .socketTextStream('lines', 1)
        .map((line): [string, bigint] => [line, 2n])
        .saveAsObjectFiles('out', '', { every: seconds(5) }),
    ),
  )
  await deployment.run()
  for (const [index, line] of ['a', 'b'].entries()) {
    await deployment.append(SOURCE, index + 1, [line])
    await deployment.tick()
  }
  await deployment.tick(5)
  expect(readObjects(Buffer.from(filesOf(world)[5]?.[0] ?? ''))).toEqual([
    ['a', 2n],
    ['b', 2n],
  ])
})

test('a record that cannot be written is put aside in its own batch', async () => {
  const world = new World()
  const deployment = world.deploy(
    pipelineOf((ssc) =>
      ssc
        .socketTextStream('lines', 1)
        .map((line) => (line === 'bad' ? () => line : line))
        .saveAsObjectFiles('out', FIVE),
    ),
  )
  await deployment.run()
  await deployment.append(SOURCE, 1, ['a', 'bad', 'b'])
  await deployment.tick()
  expect(await world.deadLetters()).toHaveLength(1)
  await deployment.tick(5)
  expect(filesOf(world)).toEqual({ 5: ['"a"\n"b"\n'] })
})

test('a slower stream closes its files at its own times', async () => {
  const world = new World()
  const deployment = world.deploy(
    pipelineOf((ssc) =>
      ssc
        .socketTextStream('lines', 1)
        .window(seconds(3), seconds(3))
        .saveAsTextFiles('out', {
          every: seconds(6),
        }),
    ),
  )
  await deployment.run()
  await deployment.append(SOURCE, 1, ['a'])
  await deployment.tick(12)
  expect(Object.values(filesOf(world))).toEqual([['a\n']])
  expect(await world.head()).toMatchObject({ status: 'rest', wakeMs: 0 })
})

test.for<readonly [string, unknown, Partial<StreamOptions>, RegExp]>([
  ['no period for a limit', { maxBytes: 10 }, {}, /needs a period.*every: minutes\(5\)/s],
  ['a number for a period', { every: 5 }, {}, /every must be a duration.*seconds\(5\)/s],
  ['half a batch', FIVE, { batchInterval: seconds(2) }, /multiple of the time.*2000 ms, 4000 ms/s],
  ['no bytes', { ...FIVE, maxBytes: 0 }, {}, /this value of maxBytes.*from 1 to 536870912/s],
  ['too many bytes', { ...FIVE, maxBytes: 2 ** 30 }, {}, /this value of maxBytes/],
  ['a part of a byte', { ...FIVE, maxBytes: 1.5 }, {}, /this value of maxBytes/],
  ['empty files', { ...FIVE, skipEmpty: false }, {}, /writes no empty files/],
  ['something else', null, {}, /needs options/],
])('%s is refused', ([, options, settings, message]) => {
  expect(() =>
    pipelineOf(
      (ssc) => ssc.socketTextStream('lines', 1).saveAsTextFiles('out', '', options as FileOptions),
      settings,
    ).build(),
  ).toThrow(message)
})

test('an output has its own place in the store, wherever it stands in the pipeline', () => {
  const idsOf = (...places: readonly string[]): readonly string[] =>
    pipelineOf((ssc) => {
      const lines = ssc.socketTextStream('lines', 1)
      for (const place of places) lines.saveAsTextFiles(place, FIVE)
    })
      .build()
      .states.map(({ id }) => id)
  const [a = '', b = ''] = idsOf('a', 'b')
  expect(idsOf('b', 'c', 'a')).toEqual(expect.arrayContaining([a, b]))
  expect(() => idsOf('a', 'a')).toThrow(/Two outputs write to one place/)
})
