import type { StreamOptions } from 'millrace'
import { describe, expect, test } from 'vitest'
import { goToRest } from '../../../../lib/runtime/driver/rest.ts'
import { HeadStore } from '../../../../lib/state/head.ts'
import { emptyManifest } from '../../../../lib/state/manifest.ts'
import { isAfter } from '../../../../lib/state/lane-entries.ts'
import { readLane } from '../../../../lib/state/lanes.ts'
import { APP, type Deployment, pipelineOf, type Seen, START_MS, World } from '../harness.ts'

const SOURCE = 'socketTextStream-1'
const HUGE = 10n ** 55n

/**
 * A pipeline over lanes that keeps the elements of each batch. `control.fails` makes its output
 * fail.
 */
const records = (options: Partial<StreamOptions> = {}) => {
  const seen: Seen[] = []
  const control = { fails: false }
  const pipeline = pipelineOf((ssc) => {
    ssc.socketTextStream('localhost', 9999).foreachRDD(async (rdd, time) => {
      seen.push([time.milliseconds - START_MS, await rdd.collect()])
      if (control.fails) throw new Error('down')
    })
  }, options)
  return { pipeline, seen, control, all: () => seen.flatMap(([, elements]) => elements) }
}

const numbersFrom = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => first + i)

describe('B1: redelivered records are dropped', () => {
  test.each<
    [string, readonly (readonly [first: number, records: readonly number[]])[], readonly number[]]
  >([
    [
      'nothing twice',
      [
        [1, [1, 2]],
        [3, [3]],
      ],
      [2, 1],
    ],
    [
      'the same again',
      [
        [1, [1, 2]],
        [1, [1, 2]],
      ],
      [2, 0],
    ],
    [
      'an overlap',
      [
        [1, [1, 2, 3]],
        [2, [2, 3, 4, 5]],
      ],
      [3, 2],
    ],
    [
      'an old delivery after a new one',
      [
        [1, [1, 2]],
        [3, [3, 4]],
        [1, [1, 2]],
        [2, [2, 3]],
      ],
      [2, 2, 0, 0],
    ],
    [
      'a gap in the positions',
      [
        [1, [1]],
        [100, [100, 101]],
        [50, [50]],
      ],
      [1, 2, 0],
    ],
    ['nothing at all', [[1, []]], [0]],
  ])('%s', async (_, deliveries, counts) => {
    const { pipeline, all } = records()
    const app = new World().deploy(pipeline)
    for (const [i, [first, values]] of deliveries.entries())
      expect(await app.append(SOURCE, first, values)).toBe(counts[i])
    await app.tick()
    const expected = [
      ...new Set(deliveries.flatMap(([, values], i) => (counts[i] === 0 ? [] : values))),
    ]
    expect(all()).toEqual(expected)
  })

  test('even with positions of 56 digits', async () => {
    const { pipeline, all } = records()
    const app = new World().deploy(pipeline)
    expect(await app.append(SOURCE, String(HUGE), ['a', 'b'])).toBe(2)
    expect(await app.append(SOURCE, String(HUGE + 1n), ['b', 'c'])).toBe(1)
    await app.tick()
    expect(all()).toEqual(['a', 'b', 'c'])
  })

  test('a delivery out of order is a broken invariant', async () => {
    const { pipeline } = records()
    const intake = new World().deploy(pipeline).intake(SOURCE)
    const positioned = ['2', '1'].map((position) => ({ position, record: position }))
    await expect(intake.append({ lane: '0', records: positioned })).rejects.toMatchObject({
      code: 'INVARIANT_BROKEN',
      message: expect.stringContaining('B1') as string,
    })
  })

  test.each([
    ['before', false, 1],
    ['after', true, 1],
    ['three times before', false, 3],
  ])('an append whose answer is lost %s it was applied counts once', async (_, applied, times) => {
    const { pipeline, all } = records()
    const world = new World()
    const app = world.deploy(pipeline)
    await app.append(SOURCE, 1, ['a'])
    world.store.fail({ call: 'compareAndSet', to: `${APP}#in#`, times, applied })
    expect(await app.append(SOURCE, 2, ['b', 'c'])).toBe(2)
    await app.tick()
    expect(all()).toEqual(['a', 'b', 'c'])
  })

  test('an append that failed and is delivered again counts once', async () => {
    const { pipeline, all } = records()
    const world = new World()
    const app = world.deploy(pipeline)
    world.store.fail({ call: 'compareAndSet', to: `${APP}#in#`, times: 4, applied: true })
    await expect(app.append(SOURCE, 1, ['a', 'b'])).rejects.toMatchObject({
      code: 'STORE_FAILED',
      retryable: true,
    })
    expect(await app.append(SOURCE, 1, ['a', 'b', 'c'])).toBe(1)
    await app.tick()
    expect(all()).toEqual(['a', 'b', 'c'])
  })

  test('two feeders of one lane lose and duplicate nothing', async () => {
    const { pipeline, all } = records()
    const world = new World()
    const [one, two] = [world.deploy(pipeline), world.deploy(pipeline)]
    const appended = await Promise.all([
      one.append(SOURCE, 1, [1, 2, 3]),
      two.append(SOURCE, 1, [1, 2, 3, 4]),
    ])
    expect(appended.reduce((a, b) => a + b)).toBe(4)
    await one.tick()
    expect(all()).toEqual([1, 2, 3, 4])
  })
})

test('lanes come in the order of their ids, each in the order of its positions', async () => {
  const { pipeline, all } = records()
  const app = new World().deploy(pipeline)
  await app.append(SOURCE, 1, ['b1', 'b2'], 'b')
  await app.append(SOURCE, 1, ['a1'], 'a')
  await app.append(SOURCE, 2, ['a2'], 'a')
  await app.tick()
  expect(all()).toEqual(['a1', 'a2', 'b1', 'b2'])
})

test('rejected records are put aside before the append, and move the tail', async () => {
  const { pipeline, all } = records()
  const world = new World()
  const app = world.deploy(pipeline)
  const rejected = [
    {
      source: SOURCE,
      position: '0#2',
      code: 'LINE_NOT_UTF8',
      message: 'bad',
      data: Uint8Array.of(0x61),
      sizeBytes: 1,
    },
  ]
  await app
    .intake(SOURCE)
    .append({ lane: '0', records: [{ position: '1', record: 'a' }], rejected, last: '2' })
  expect(await app.intake(SOURCE).tail('0')).toBe('2')
  expect(await world.deadLetters()).toEqual([[`${SOURCE}#0#2#LINE_NOT_UTF8`, 'LINE_NOT_UTF8', 'a']])
  await app.tick()
  expect(all()).toEqual(['a'])
})

test('a record on which a function throws is put aside with position and data', async () => {
  const seen: unknown[] = []
  const pipeline = pipelineOf((ssc) => {
    ssc
      .socketTextStream('localhost', 9999)
      .map((line) => {
        if (line === 'bad') throw new RangeError('no')
        return line
      })
      .foreachRDD(async (rdd) => void seen.push(...(await rdd.collect())))
  })
  const world = new World()
  const app = world.deploy(pipeline)
  await app.append(SOURCE, 7, ['a', 'bad', 'c'], 'lane')
  await app.append(SOURCE, 20, ['d', 'bad'], 'lane')
  await app.tick()
  expect(seen).toEqual(['a', 'c', 'd'])
  expect((await world.deadLetters()).map(([name, , data]) => [name, data])).toEqual([
    [`${SOURCE}#lane#21#map-1`, 'bad'],
    [`${SOURCE}#lane#8#map-1`, 'bad'],
  ])
})

describe('a record after the offset of a logged batch', () => {
  /**
   * A batch is logged and fails. More records come, and intake merges them with what the batch
   * takes.
   */
  test.each<[string, Partial<StreamOptions>]>([
    ['merged with the entry that the batch takes', {}],
    ['in their own entries', { limits: { records: 8 } }],
  ])('is in the next batch: records %s', async (_, options) => {
    const { pipeline, seen, control } = records(options)
    const world = new World()
    const app = world.deploy(pipeline)
    await app.append(SOURCE, 1, [1, 2])
    control.fails = true
    await app.tick()
    await app.append(SOURCE, 3, [3, 4])
    // A process that has not read the head merges and drops in the same way.
    await world.deploy(pipeline).append(SOURCE, 5, [5])
    control.fails = false
    await app.tick(2)
    await app.append(SOURCE, 6, [6])
    await app.tick()
    expect(seen.filter(([, elements]) => elements.length > 0)).toEqual([
      [1_000, [1, 2]],
      [1_000, [1, 2]],
      [2_000, [3, 4, 5]],
      [expect.any(Number), [6]],
    ])
  })

  test('is dropped from the lane after it is consumed, not before', async () => {
    const { pipeline } = records()
    const world = new World()
    const app = world.deploy(pipeline)
    const waiting = async (): Promise<readonly (readonly [string, string])[]> =>
      ((await readLane(world.store, APP, SOURCE, '0'))?.entries ?? []).map(({ first, last }) => [
        first,
        last,
      ])
    await app.append(SOURCE, 1, [1, 2])
    await app.append(SOURCE, 3, [3])
    expect(await waiting()).toEqual([['1', '3']])
    await app.tick()
    await app.append(SOURCE, 4, [4])
    expect(await waiting()).toEqual([['1', '4']])
    await app.append(SOURCE, 5, [5])
    expect(await waiting()).toEqual([['4', '5']])
  })
})

describe('B8: a batch is limited', () => {
  test('by records: a backlog of 100 limits is processed without loss', async () => {
    const { pipeline, seen, all } = records({ limits: { records: 24 } })
    const world = new World()
    const app = world.deploy(pipeline)
    for (let first = 1; first <= 2_400; first += 8)
      await app.append(SOURCE, first, numbersFrom(first, 8))
    await app.driver.run({ aheadOfClock: true })
    expect(all()).toEqual(numbersFrom(1, 2_400))
    expect(seen.map(([, elements]) => elements.length)).toEqual(
      Array.from({ length: 100 }, () => 24),
    )
  })

  test('by bytes', async () => {
    const { pipeline, seen, all } = records({ limits: { bytes: 1_000 } })
    const app = new World().deploy(pipeline)
    for (let i = 1; i <= 30; i++) await app.append(SOURCE, i, ['x'.repeat(200)])
    await app.driver.run({ aheadOfClock: true })
    expect(all()).toHaveLength(30)
    expect(Math.max(...seen.map(([, elements]) => elements.length))).toBe(4)
  })

  test('fairly over all lanes', async () => {
    const { pipeline, seen } = records({ limits: { records: 16 } })
    const app = new World().deploy(pipeline)
    for (let i = 0; i < 40; i++) await app.append(SOURCE, 1 + 2 * i, ['a', 'a'], 'a')
    await app.append(SOURCE, 1, ['b'], 'b')
    await app.tick()
    expect(seen[0]?.[1]).toContain('b')
    expect(seen[0]?.[1]).toHaveLength(15)
  })

  test('but one entry above the limit is a batch of its own', async () => {
    const { pipeline, seen } = records({ limits: { records: 5 } })
    const app = new World().deploy(pipeline)
    await app.append(SOURCE, 1, numbersFrom(1, 20))
    await app.append(SOURCE, 21, [21])
    await app.tick(2)
    expect(seen).toEqual([
      [1_000, numbersFrom(1, 20)],
      [2_000, [21]],
    ])
  })
})

describe('a full lane', () => {
  /** Entries that are not merged, because each is as large as an entry may be. */
  const fill = async (app: Deployment, from: number): Promise<number> => {
    for (let position = from; ; position++) {
      try {
        await app.append(SOURCE, position, [position])
      } catch (error) {
        expect(error).toMatchObject({ code: 'LANE_FULL', retryable: true })
        return position
      }
    }
  }

  test('makes the source wait, loses nothing, and continues when batches have run', async () => {
    const { pipeline, all } = records({ limits: { records: 8, waiting: 4 } })
    const world = new World({ itemBytesMax: 6_000 })
    const app = world.deploy(pipeline)
    const first = await fill(app, 1)
    expect(first).toBeGreaterThan(10)
    expect(await app.intake(SOURCE).tail('0')).toBe(String(first - 1))
    await app.driver.run({ aheadOfClock: true })
    const second = await fill(app, first)
    expect(second - first).toBeGreaterThan(10)
    await app.driver.run({ aheadOfClock: true })
    expect(all()).toEqual(numbersFrom(1, second - 1))
  })
})

describe('B12: rest and wake', () => {
  const atRest = async () => {
    const rig = records()
    const world = new World()
    const app = world.deploy(rig.pipeline)
    await app.append(SOURCE, 1, ['a'])
    await app.tick(3)
    expect(await world.head()).toMatchObject({ status: 'rest' })
    return { ...rig, world, app }
  }

  test('an append wakes the head, and its record is in the next batch', async () => {
    const { world, app, seen } = await atRest()
    world.advance(60_500)
    await app.append(SOURCE, 2, ['b'])
    expect(await world.head()).toMatchObject({ status: 'running', wakeMs: world.nowMs })
    await app.tick()
    expect(seen.at(-1)).toEqual([64_000, ['b']])
  })

  test('an append while the head goes to rest is seen by the driver', async () => {
    const { pipeline, seen } = records()
    const world = new World()
    const app = world.deploy(pipeline)
    await app.append(SOURCE, 1, ['a'])
    await app.tick(1)
    const write = world.store.compareAndSet.bind(world.store)
    let appended = false
    world.store.compareAndSet = async (key, before, next) => {
      // Just before the head rests, a delivery arrives. Its intake has read a running head.
      if (next['status'] === 'rest' && !appended) {
        appended = true
        await world.deploy(pipeline).append(SOURCE, 2, ['late'])
      }
      return write(key, before, next)
    }
    await app.tick()
    expect(appended).toBe(true)
    expect(await world.head()).toMatchObject({ status: 'running' })
    await app.tick()
    expect(seen.at(-1)).toEqual([3_000, ['late']])
  })

  test('a driver that finds a head at rest reads the lanes', async () => {
    const { world, app, all } = await atRest()
    // An intake that died between its append and its read of the head.
    world.store.fail({ call: 'get', to: `${APP}#head`, times: 4 })
    await expect(world.deploy(records().pipeline).append(SOURCE, 2, ['b'])).rejects.toMatchObject({
      code: 'STORE_FAILED',
    })
    expect(await world.head()).toMatchObject({ status: 'rest' })
    await app.tick()
    expect(all()).toEqual(['a', 'b'])
  })

  test('an append whose wake is refused because of a command wakes the head after it', async () => {
    const { world, app, all } = await atRest()
    const write = world.store.compareAndSet.bind(world.store)
    let isDone = false
    world.store.compareAndSet = async (key, before, next) => {
      // Just before the wake, an operator's command changes the head, which rests on.
      if (next['status'] === 'running' && !isDone) {
        isDone = true
        const head = await world.head()
        const after = { ...head, epoch: head.epoch + 1 }
        await new HeadStore(world.store, APP).swap(head, ['epoch'], after)
      }
      return write(key, before, next)
    }
    await app.append(SOURCE, 2, ['b'])
    expect(isDone).toBe(true)
    expect(await world.head()).toMatchObject({ status: 'running' })
    await app.tick()
    expect(all()).toEqual(['a', 'b'])
  })

  test('a rest that arrives twice does not undo the wake in between', async () => {
    const { world, app } = await atRest()
    await app.append(SOURCE, 2, ['b'])
    const woken = await world.head()
    const beforeRest = { ...woken, wakeMs: START_MS }
    expect(
      await goToRest(new HeadStore(world.store, APP), beforeRest, emptyManifest(0), 1_000),
    ).toBeUndefined()
    expect(await world.head()).toEqual(woken)
  })

  test('the tail of a lane never goes back', async () => {
    const { app } = await atRest()
    const before = await app.intake(SOURCE).tail('0')
    await app.append(SOURCE, 1, ['a'])
    expect(isAfter(before, await app.intake(SOURCE).tail('0'))).toBe(false)
  })
})
