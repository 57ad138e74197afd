import { minutes, seconds, type StreamOptions, type TextFileStreamOptions } from 'millrace'
import { describe, expect, test } from 'vitest'
import { type Deployment, pipelineOf, START_MS, World } from '../../harness.ts'

type Batch = readonly [timeMs: number, lines: readonly string[]]

/**
 * A pipeline over files that keeps the lines of each batch. `during` runs in the middle of a batch.
 */
const linesOf = (
  files: TextFileStreamOptions,
  options: Partial<StreamOptions> = {},
  during: (timeMs: number) => void = () => undefined,
) => {
  const seen: Batch[] = []
  const pipeline = pipelineOf((ssc) => {
    ssc.textFileStream('lines', files).foreachRDD(async (rdd, time) => {
      const timeMs = time.milliseconds - START_MS
      seen.push([timeMs, await rdd.collect()])
      during(timeMs)
    })
  }, options)
  return { pipeline, seen }
}

const withLines = (seen: readonly Batch[]): readonly Batch[] =>
  seen.filter(([, lines]) => lines.length > 0)

/**
 * A change of a file: written or removed at a time. The modification time of a written file is this
 * time, by default.
 */
type Event = readonly [atMs: number, key: string, modifiedMs?: number | 'removed']

/**
 * Changes of files, and the batches that must take them. All times are from the start, which is at
 * 0.
 */
interface Row {
  readonly name: string
  readonly events: readonly Event[]
  readonly batches: readonly Batch[]
  /**
   * The batches of a pipeline that rests when it can. Default: the same. They differ if a late file
   * wakes the pipeline for its batch time.
   */
  readonly resting?: readonly Batch[]
  readonly files?: TextFileStreamOptions
  readonly options?: Partial<StreamOptions>
  readonly untilMs?: number
}

const play = async ({
  events,
  files = {},
  options = {},
  untilMs = 8_000,
}: Omit<Row, 'name' | 'batches' | 'resting'>): Promise<readonly Batch[]> => {
  const { pipeline, seen } = linesOf(files, options)
  const world = new World()
  const app = world.deploy(pipeline)
  const open = [...events]
  const happen = (uptoMs: number): void => {
    for (const next = open[0]; next !== undefined && next === open[0] && next[0] <= uptoMs;) {
      open.shift()
      const [atMs, key, modified] = next
      if (modified === 'removed') world.objects.remove(key)
      else world.write(key, modified ?? atMs)
      return happen(uptoMs)
    }
  }
  happen(0)
  await app.run()
  for (let timeMs = 1_000; timeMs <= untilMs; timeMs += 1_000) {
    world.advance(1_000)
    happen(timeMs)
    await app.run()
  }
  return withLines(seen)
}

const rows: readonly Row[] = [
  {
    name: 'a file belongs to the batch time after it',
    events: [[500, 'a']],
    batches: [[1_000, ['a']]],
  },
  {
    name: 'a batch takes a file that was modified exactly at the batch time',
    events: [
      [1_000, 'a'],
      [2_000, 'b'],
    ],
    batches: [
      [1_000, ['a']],
      [2_000, ['b']],
    ],
  },
  {
    name: 'files of a batch are in the order of time, then of name',
    events: [
      [600, 'b'],
      [600, 'a'],
      [500, 'c'],
    ],
    batches: [[1_000, ['c', 'a', 'b']]],
  },
  {
    name: 'a file from before the start is left out',
    events: [
      [0, 'old', -1],
      [0, 'older', -90_000],
      [500, 'a'],
    ],
    batches: [[1_000, ['a']]],
  },
  {
    name: 'a file that was modified exactly at the start is left out',
    events: [
      [0, 'a', 0],
      [0, 'b', 1],
    ],
    batches: [[1_000, ['b']]],
  },
  {
    name: 'a file from the future waits for its time',
    events: [[500, 'a', 3_500]],
    batches: [[4_000, ['a']]],
  },
  {
    name: 'a late file is taken while it is remembered',
    events: [[5_500, 'a', 1_500]],
    batches: [[6_000, ['a']]],
    resting: [[2_000, ['a']]],
  },
  {
    name: 'a file that is later than that is lost',
    files: { remember: seconds(3) },
    events: [
      [6_500, 'a', 1_500],
      [6_500, 'b', 4_500],
    ],
    batches: [[7_000, ['b']]],
    // At rest, the batch at 2 s has not been run, and Spark's would take the file.
    resting: [
      [2_000, ['a']],
      [5_000, ['b']],
    ],
  },
  {
    name: 'the edge of the window is outside',
    files: { remember: seconds(3) },
    events: [
      [6_500, 'a', 4_000],
      [6_500, 'b', 4_001],
    ],
    batches: [[7_000, ['b']]],
    resting: [
      [4_000, ['a']],
      [5_000, ['b']],
    ],
  },
  {
    name: 'the window is rounded up to whole batches',
    files: { remember: seconds(2.5) },
    events: [[6_500, 'a', 4_001]],
    batches: [[7_000, ['a']]],
    resting: [[5_000, ['a']]],
  },
  {
    name: 'a renamed file is another file, with its old time',
    events: [
      [500, 'a'],
      [2_500, 'a', 'removed'],
      [2_500, 'b', 500],
    ],
    batches: [
      [1_000, ['a']],
      [3_000, ['b']],
    ],
  },
  {
    name: 'a file that changes while it is remembered is ignored',
    events: [
      [500, 'a'],
      [2_500, 'a'],
    ],
    batches: [[1_000, ['a']]],
  },
  {
    name: 'a file that changes after it was forgotten is read again',
    files: { remember: seconds(2) },
    events: [
      [500, 'a'],
      [5_500, 'a'],
    ],
    batches: [
      [1_000, ['a']],
      [6_000, ['a']],
    ],
  },
  {
    // Spark forgets the batch at 1 s after the batch at 4 s: 1 < 4 - 2.
    name: 'a file is forgotten one batch after it left the window',
    files: { remember: seconds(2) },
    events: [
      [500, 'a'],
      [3_500, 'a'],
    ],
    batches: [
      [1_000, ['a']],
      [5_000, ['a']],
    ],
  },
  {
    name: 'with new: a changed file is read again, and an unchanged file is not',
    files: { onOverwrite: 'new' },
    events: [
      [500, 'a'],
      [600, 'b'],
      [2_500, 'a'],
    ],
    batches: [
      [1_000, ['a', 'b']],
      [3_000, ['a']],
    ],
    untilMs: 20_000,
  },
  {
    name: 'a file that was taken and is still there is not taken again',
    files: { remember: seconds(2) },
    events: [[500, 'a']],
    batches: [[1_000, ['a']]],
    untilMs: 20_000,
  },
  {
    name: 'hidden and temporary files are left out',
    events: [
      [500, '.a'],
      [500, '_b'],
      [500, 'c._COPYING_'],
      [500, 'd'],
    ],
    batches: [[1_000, ['d']]],
  },
  {
    name: 'with all: all files, oldest first',
    files: { existing: 'all' },
    events: [
      [0, 'b', -1],
      [0, 'a', -900_000_000],
      [500, 'c'],
    ],
    batches: [[1_000, ['a', 'b', 'c']]],
  },
  {
    name: 'with all: a file from the future waits',
    files: { existing: 'all' },
    events: [
      [0, 'a', -5],
      [0, 'b', 2_500],
    ],
    batches: [
      [1_000, ['a']],
      [3_000, ['b']],
    ],
  },
  {
    name: 'with all: each path once for ever',
    files: { existing: 'all', remember: seconds(1) },
    events: [
      [500, 'a'],
      [5_500, 'a'],
    ],
    batches: [[1_000, ['a']]],
  },
  {
    name: 'with all: a late file is taken at any age',
    files: { existing: 'all', remember: seconds(1) },
    events: [[6_500, 'a', 1_500]],
    batches: [[7_000, ['a']]],
    resting: [[2_000, ['a']]],
  },
  {
    name: 'limited by their number',
    files: { existing: 'all' },
    options: { limits: { objects: 2 } },
    events: [
      [0, 'a', -5],
      [0, 'b', -4],
      [0, 'c', -3],
      [0, 'd', -2],
      [0, 'e', -1],
    ],
    batches: [
      [1_000, ['a', 'b']],
      [2_000, ['c', 'd']],
      [3_000, ['e']],
    ],
  },
  {
    name: 'limited by their size',
    files: { existing: 'all' },
    options: { limits: { bytes: 5 } },
    events: [
      [0, 'a', -5],
      [0, 'b', -4],
      [0, 'c', -3],
    ],
    batches: [
      [1_000, ['a', 'b']],
      [2_000, ['c']],
    ],
  },
  {
    name: 'a file above the limit makes a batch of its own',
    files: { existing: 'all' },
    options: { limits: { bytes: 1 } },
    events: [
      [0, 'a', -5],
      [0, 'b', -4],
    ],
    batches: [
      [1_000, ['a']],
      [2_000, ['b']],
    ],
  },
  {
    name: 'a backlog is not lost after its window',
    files: { remember: seconds(2) },
    options: { limits: { objects: 1 } },
    events: [
      [100, 'a'],
      [200, 'b'],
      [300, 'c'],
      [400, 'd'],
      [500, 'e'],
    ],
    batches: [
      [1_000, ['a']],
      [2_000, ['b']],
      [3_000, ['c']],
      [4_000, ['d']],
      [5_000, ['e']],
    ],
  },
]

test.each(rows)('$name', async ({ batches, resting = batches, ...row }) => {
  expect(await play({ ...row, options: { ...row.options, whenIdle: 'tick' } })).toEqual(batches)
  expect(await play(row)).toEqual(resting)
})

test('a backlog of 100 limits is processed in limited batches', async () => {
  const { pipeline, seen } = linesOf({ existing: 'all' }, { limits: { objects: 3 } })
  const world = new World()
  const keys = Array.from({ length: 300 }, (_, i) => `file${String(i).padStart(3, '0')}`)
  for (const key of keys.toReversed()) world.write(key, -1)
  const app = world.deploy(pipeline)
  await app.driver.run({ aheadOfClock: true })
  expect(seen.map(([, lines]) => lines.length)).toEqual(Array.from({ length: 100 }, () => 3))
  expect(seen.flatMap(([, lines]) => lines)).toEqual(keys)
})

test('a cold driver takes each file once', async () => {
  const { pipeline, seen } = linesOf({})
  const world = new World()
  for (let i = 1; i <= 6; i++) {
    world.write(`file${i}`, i * 1_000 - 500)
    await world.deploy(pipeline).tick()
  }
  expect(seen.flatMap(([, lines]) => lines)).toEqual([
    'file1',
    'file2',
    'file3',
    'file4',
    'file5',
    'file6',
  ])
})

test('files that came during a pause are taken at their batch times', async () => {
  const { pipeline, seen } = linesOf({ remember: minutes(5) }, { whenIdle: 'tick' })
  const world = new World()
  const app = world.deploy(pipeline)
  await app.tick()
  for (const atMs of [1_500, 2_500, 60_500]) world.write(`at${atMs}`, atMs)
  world.advance(90_000)
  await app.run()
  expect(withLines(seen)).toEqual([
    [2_000, ['at1500']],
    [3_000, ['at2500']],
    [61_000, ['at60500']],
  ])
})

test('at rest, a file wakes the pipeline for its batch time, not an earlier one', async () => {
  const { pipeline, seen } = linesOf({})
  const world = new World()
  const app = world.deploy(pipeline)
  await app.tick(2)
  expect(await world.head()).toMatchObject({ status: 'rest' })
  world.write('a', 7_200)
  world.advance(10_000)
  await app.run()
  expect(withLines(seen)).toEqual([[8_000, ['a']]])
})

describe('a file that is gone when it is read', () => {
  /** Takes two files. One of them disappears between listing and reading. */
  const playGone = async (
    gone: (world: World) => void,
    fails = false,
  ): Promise<{
    world: World
    app: Deployment
    seen: readonly Batch[]
    again: () => Promise<void>
  }> => {
    const control = { fails }
    const { pipeline, seen } = linesOf({}, {}, () => {
      if (control.fails) throw new Error('down')
    })
    const world = new World()
    const app = world.deploy(pipeline)
    world.write('a', 400)
    world.write('b', 500)
    const list = world.objects.list.bind(world.objects)
    let lists = 0
    world.objects.list = async () => {
      const listed = await list()
      if (++lists === 1) gone(world)
      return listed
    }
    await app.tick()
    return {
      world,
      app,
      seen,
      again: async () => {
        control.fails = false
        await app.tick()
      },
    }
  }

  test.each<[string, (world: World) => void, string]>([
    ['removed', (world) => world.objects.remove('a'), 'missing'],
    ['replaced by a newer one', (world) => world.write('a', 900, 'new\n'), 'replaced'],
    ['cut short', (world) => world.write('a', 400, ''), 'replaced'],
  ])('%s, is left out and reported', async (_, gone, reason) => {
    const { app, seen } = await playGone(gone)
    expect(seen[0]).toEqual([1_000, ['b']])
    expect(app.eventsOf('objectSkipped').map(({ object, reason: why }) => [object, why])).toEqual([
      ['a', expect.stringContaining(reason)],
    ])
  })

  test('is left out of every later attempt, even if it comes back', async () => {
    const { world, seen, again } = await playGone((one) => one.objects.remove('a'), true)
    expect(seen).toEqual([[1_000, ['b']]])
    world.write('a', 400)
    await again()
    expect(seen[1]).toEqual([1_000, ['b']])
    // It was not taken, so it still belongs to a batch.
    expect(seen[2]).toEqual([2_000, ['a']])
  })

  test('is logged as skipped before outputs start', async () => {
    let logged = ''
    const world = new World()
    const pipeline = pipelineOf((ssc) => {
      ssc.textFileStream('lines').foreachRDD(async () => {
        logged = (await world.head()).logged?.input as string
      })
    })
    world.write('a', 500)
    const read = world.objects.read.bind(world.objects)
    world.objects.read = async (summary) => {
      world.objects.remove('a')
      return read(summary)
    }
    await world.deploy(pipeline).tick()
    expect(JSON.parse(logged)).toMatchObject({
      sources: { 'textFileStream-1': { taken: [], skipped: [{ key: 'a', reason: 'missing' }] } },
    })
  })
})

describe('bad lines and records of files', () => {
  test('are put aside once with their place, for any number of attempts', async () => {
    let fails = true
    const seen: unknown[] = []
    const pipeline = pipelineOf((ssc) => {
      const numbers = ssc.textFileStream('lines').map((line) => {
        if (line === 'bad') throw new RangeError('no number')
        return Number(line)
      })
      numbers.foreachRDD(async (rdd) => {
        seen.push(await rdd.collect())
        if (fails) throw new Error('down')
      })
      numbers.print()
    })
    const world = new World()
    const app = world.deploy(pipeline)
    world.write(
      'a',
      500,
      Buffer.concat([Buffer.from('1\nbad\n3\n'), Uint8Array.of(0xff, 0x0a), Buffer.from('4\n')]),
    )
    await app.tick()
    fails = false
    await app.tick()
    expect(seen.slice(0, 2)).toEqual([
      [1, 3, 4],
      [1, 3, 4],
    ])
    expect(await world.deadLetters()).toEqual([
      ['textFileStream-1#a#2#map-1', 'USER_FUNCTION_FAILED', 'bad'],
      ['textFileStream-1#a@8#LINE_NOT_UTF8', 'LINE_NOT_UTF8', '\ufffd'],
    ])
    expect(app.eventsOf('deadLetter').map(({ position }) => position)).toEqual(['a@8', 'a#2'])
    expect(app.eventsOf('batchCompleted')[0]).toMatchObject({
      records: 4,
      objects: 1,
      deadLetters: 2,
      bytes: 12,
    })
  })

  test('fail the batch, if they are more than a hundred and more than half', async () => {
    const pipeline = pipelineOf((ssc) =>
      ssc
        .textFileStream('lines')
        .map((): number => {
          throw new Error('broken')
        })
        .print(),
    )
    const world = new World()
    const app = world.deploy(pipeline)
    world.write('a', 500, 'x\n'.repeat(101))
    expect(await app.tick()).toMatchObject({ kind: 'retry', reason: { code: 'POISON_BREAKER' } })
    expect(await world.deadLetters()).toEqual([])
  })
})
