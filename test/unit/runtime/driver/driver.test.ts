import { type DStream, parallelize, seconds, type Pipeline, type StreamOptions } from 'millrace'
import { describe, expect, test, vi } from 'vitest'
import { APP, pipelineOf, type Seen, START_MS, World } from '../harness.ts'

/** A pipeline over a queue that keeps the elements of each batch. */
const queued = (
  batches: readonly (readonly unknown[])[] = [],
  options: Partial<StreamOptions> = {},
  shape = (queue: DStream<unknown>): DStream<unknown> => queue,
) => {
  const queue = batches.map((batch) => [...batch])
  const seen: Seen[] = []
  const pipeline = pipelineOf((ssc) => {
    shape(ssc.queueStream<unknown>(queue)).foreachRDD(
      async (rdd, time) => void seen.push([time.milliseconds - START_MS, await rdd.collect()]),
    )
  }, options)
  return { queue, seen, pipeline }
}

const times = (seen: readonly Seen[]): readonly number[] => seen.map(([timeMs]) => timeMs)

const totals = (queue: DStream<unknown>): DStream<unknown> =>
  queue
    .mapToPair((word) => [word, 1] as [unknown, number])
    .updateStateByKey((ones, total: number = 0) => total + ones.length)

describe('batch times', () => {
  test.each([
    // started at, batch times
    [0, [1_000, 2_000, 3_000]],
    [1, [1_000, 2_000, 3_000]],
    [999, [1_000, 2_000, 3_000]],
    [1_000, [2_000, 3_000, 4_000]],
  ])('started at %i: each RDD of the queue has its own batch time', async (startedMs, expected) => {
    const { pipeline, seen } = queued([['a'], ['b'], ['c']])
    const world = new World({ startMs: START_MS + startedMs })
    const app = world.deploy(pipeline)
    expect(await app.run()).toEqual({ kind: 'idle', dueMs: START_MS + (expected[0] as number) })
    await app.tick(3)
    expect(seen).toEqual([
      [expected[0], ['a']],
      [expected[1], ['b']],
      [expected[2], ['c']],
    ])
    expect(await world.head()).toMatchObject({
      doneMs: START_MS + (expected[2] as number),
      owner: undefined,
      logged: undefined,
    })
  })

  test('that were missed run late, each with its own time and RDD', async () => {
    const { pipeline, seen } = queued([['a'], ['b'], ['c']])
    const world = new World()
    const app = world.deploy(pipeline)
    await app.run()
    world.advance(3_500)
    expect(await app.run()).toEqual({ kind: 'idle', dueMs: START_MS + 4_000 })
    expect(seen).toEqual([
      [1_000, ['a']],
      [2_000, ['b']],
      [3_000, ['c']],
    ])
  })

  test('all of a queue at once, in its order', async () => {
    const queue = [['a'], ['b', 'c'], parallelize(['d'])]
    const seen: Seen[] = []
    const pipeline = pipelineOf((ssc) =>
      ssc
        .queueStream<string>(queue, { oneAtATime: false })
        .foreachRDD(
          async (rdd, time) => void seen.push([time.milliseconds - START_MS, await rdd.collect()]),
        ),
    )
    await new World().deploy(pipeline).tick()
    expect(seen).toEqual([[1_000, ['a', 'b', 'c', 'd']]])
  })

  test('ahead of the clock while there is input, and not after that', async () => {
    const { pipeline, seen } = queued([['a'], ['b'], ['c']])
    const world = new World()
    expect(await world.deploy(pipeline).driver.run({ aheadOfClock: true })).toEqual({
      kind: 'idle',
      dueMs: undefined,
    })
    expect(seen).toEqual([
      [1_000, ['a']],
      [2_000, ['b']],
      [3_000, ['c']],
    ])
  })

  test('stop between two batches when aborted', async () => {
    const stop = new AbortController()
    const seen: number[] = []
    const pipeline = pipelineOf((ssc) =>
      ssc.queueStream([[1], [2], [3]]).foreachRDD((_, time) => {
        seen.push(time.milliseconds - START_MS)
        if (seen.length === 2) stop.abort()
      }),
    )
    await new World().deploy(pipeline).driver.run({ aheadOfClock: true, signal: stop.signal })
    expect(seen).toEqual([1_000, 2_000])
  })
})

describe('without input', () => {
  const resting = async (
    options: Partial<StreamOptions>,
    shape?: (queue: DStream<unknown>) => DStream<unknown>,
  ) => {
    const rig = queued([['a'], ['b']], options, shape)
    const world = new World()
    const app = world.deploy(rig.pipeline)
    await app.tick(6)
    return { ...rig, world, app }
  }

  test('one empty batch runs, then the pipeline rests', async () => {
    const { seen, app, world } = await resting({})
    expect(seen).toEqual([
      [1_000, ['a']],
      [2_000, ['b']],
      [3_000, []],
    ])
    expect(app.eventsOf('rest')).toEqual([{ event: 'rest', timeMs: START_MS + 3_000 }])
    expect(await world.head()).toMatchObject({ status: 'rest' })
    expect(await app.run()).toEqual({ kind: 'idle', dueMs: undefined })
  })

  test('B12: a driver at rest checks for input again, even without time', async () => {
    const { pipeline } = queued([['a'], ['b']], {})
    const world = new World()
    const app = world.deploy(pipeline)
    await app.tick(2)
    world.advance(1_000)
    expect(await app.driver.run({ mayGoOn: () => false })).toEqual({
      kind: 'idle',
      dueMs: undefined,
    })
    expect(await world.head()).toMatchObject({ status: 'rest' })
  })

  test.each<
    [
      string,
      Partial<StreamOptions>,
      ((queue: DStream<unknown>) => DStream<unknown>) | undefined,
      readonly number[],
    ]
  >([
    [
      "with whenIdle 'tick' every batch time runs",
      { whenIdle: 'tick' },
      undefined,
      [1_000, 2_000, 3_000, 4_000, 5_000, 6_000],
    ],
    [
      'a nondeterministic function keeps it awake',
      {},
      (queue) => queue.transform((rdd) => rdd),
      [1_000, 2_000, 3_000, 4_000, 5_000, 6_000],
    ],
    [
      'a pure function does not',
      {},
      (queue) => queue.transform((rdd) => rdd, { pure: true }),
      [1_000, 2_000, 3_000],
    ],
    ['state that stays the same does not', {}, totals, [1_000, 2_000, 3_000]],
    [
      'state that still changes does, until it stays the same',
      {},
      (queue) =>
        queue
          .mapToPair((word) => [word, 1] as [unknown, number])
          .updateStateByKey((_, idle: number = 0) => Math.min(idle + 1, 4)),
      [1_000, 2_000, 3_000, 4_000, 5_000, 6_000],
    ],
  ])('%s', async (_, options, shape, expected) => {
    expect(times((await resting(options, shape)).seen)).toEqual(expected)
  })

  test('it wakes at the next batch time from now, and skips missed batch times', async () => {
    const { queue, seen, app, world } = await resting({})
    world.advance(7_300)
    queue.push(['c'])
    await app.run()
    expect(app.eventsOf('wake')).toEqual([{ event: 'wake', wakeMs: world.nowMs }])
    await app.tick(2)
    expect(seen.slice(3)).toEqual([
      [14_000, ['c']],
      [15_000, []],
    ])
    expect(await world.head()).toMatchObject({ status: 'rest' })
  })

  test('it wakes immediately when now is a batch time', async () => {
    const { queue, seen, app } = await resting({})
    queue.push(['c'])
    await app.run()
    expect(seen.slice(3)).toEqual([[6_000, ['c']]])
  })
})

describe('state', () => {
  const counted = (options: Partial<StreamOptions> = {}) =>
    queued([['a', 'b'], ['a'], [], ['a', 'c']], { whenIdle: 'tick', ...options }, totals)

  const EXPECTED: readonly Seen[] = [
    [
      1_000,
      [
        ['a', 1],
        ['b', 1],
      ],
    ],
    [
      2_000,
      [
        ['a', 2],
        ['b', 1],
      ],
    ],
    [
      3_000,
      [
        ['a', 2],
        ['b', 1],
      ],
    ],
    [
      4_000,
      [
        ['a', 3],
        ['b', 1],
        ['c', 1],
      ],
    ],
  ]

  test('goes from batch to batch', async () => {
    const { pipeline, seen } = counted()
    await new World().deploy(pipeline).tick(4)
    expect(seen).toEqual(EXPECTED)
  })

  test('is read again by a cold driver after every batch', async () => {
    const { pipeline, seen } = counted()
    const world = new World()
    // One plan, so that all drivers take from one queue: each continues where the last one stopped.
    for (let i = 0; i < 4; i++) await world.deploy(pipeline).tick()
    expect(seen).toEqual(EXPECTED)
  })

  test('advances even if no output needs it', async () => {
    const seen: Seen[] = []
    let collects = false
    const pipeline = pipelineOf((ssc) => {
      totals(ssc.queueStream<unknown>([['a'], ['a'], ['a']])).foreachRDD(async (rdd, time) => {
        if (collects) seen.push([time.milliseconds - START_MS, await rdd.collect()])
      })
    })
    const app = new World().deploy(pipeline)
    await app.tick(2)
    collects = true
    await app.tick()
    expect(seen).toEqual([[3_000, [['a', 3]]]])
  })

  test('advances once if two outputs share it', async () => {
    const seen: Seen[] = []
    const pipeline = pipelineOf((ssc) => {
      const counts = totals(ssc.queueStream<unknown>([['a'], ['a']]))
      for (let i = 0; i < 2; i++)
        counts.foreachRDD(
          async (rdd, time) => void seen.push([time.milliseconds - START_MS, await rdd.collect()]),
        )
    })
    await new World().deploy(pipeline).tick(2)
    expect(seen.slice(2)).toEqual([
      [2_000, [['a', 2]]],
      [2_000, [['a', 2]]],
    ])
  })

  test('of several partitions holds each key once', async () => {
    const words = Array.from({ length: 50 }, (_, i) => `w${i}`)
    const seen: Seen[] = []
    const pipeline = pipelineOf((ssc) => {
      ssc
        .queueStream([words, words])
        .mapToPair((word) => [word, 1])
        .updateStateByKey<number>((ones, total = 0) => total + ones.length, { partitions: 7 })
        .foreachRDD(
          async (rdd, time) => void seen.push([time.milliseconds - START_MS, await rdd.collect()]),
        )
    })
    await new World().deploy(pipeline).tick(2)
    expect(new Map(seen[1]?.[1] as [string, number][])).toEqual(
      new Map(words.map((word) => [word, 2])),
    )
    expect(seen[1]?.[1]).toHaveLength(50)
  })

  test('is the same for a function that changes it in place', async () => {
    const { pipeline, seen } = queued(
      [['a', 'b'], ['a'], [], ['a', 'c']],
      { whenIdle: 'tick' },
      (queue) =>
        queue
          .mapToPair((word) => [word, 1] as [unknown, number])
          .updateStateByKey<{ n: number }>((ones, state = { n: 0 }) => {
            state.n += ones.length
            return state
          })
          .mapValues((state) => state.n),
    )
    const world = new World()
    for (let i = 0; i < 4; i++) await world.deploy(pipeline).tick()
    expect(seen).toEqual(EXPECTED)
  })

  test('of a key ends when its function returns undefined', async () => {
    const { pipeline, seen } = queued([['a', 'b'], ['a'], ['b']], {}, (queue) =>
      queue
        .mapToPair((word) => [word, 1] as [unknown, number])
        .updateStateByKey((ones, total: number = 0) =>
          ones.length === 0 ? undefined : total + ones.length,
        ),
    )
    await new World().deploy(pipeline).tick(3)
    expect(seen).toEqual([
      [
        1_000,
        [
          ['a', 1],
          ['b', 1],
        ],
      ],
      [2_000, [['a', 2]]],
      [3_000, [['b', 1]]],
    ])
  })
})

/** A pipeline whose output fails while `fails` is true. */
const failing = (options: Partial<StreamOptions> = {}) => {
  const seen: {
    readonly timeMs: number
    readonly elements: readonly unknown[]
    readonly attempt: number
    readonly epoch: number
  }[] = []
  const control = { fails: true }
  const pipeline = pipelineOf((ssc) => {
    totals(ssc.socketTextStream('localhost', 9999)).foreachRDD(
      async (rdd, time, { number, epoch }) => {
        seen.push({
          timeMs: time.milliseconds - START_MS,
          elements: await rdd.collect(),
          attempt: number,
          epoch,
        })
        if (control.fails) throw new Error('the sink is down')
      },
    )
  }, options)
  return { pipeline, seen, control }
}

const SOURCE = 'socketTextStream-1'

describe('a failing batch', () => {
  test('is tried again with the same time, records and earlier state', async () => {
    const { pipeline, seen, control } = failing()
    const world = new World()
    const app = world.deploy(pipeline)
    await app.append(SOURCE, 1, ['a'])
    expect(await app.tick()).toMatchObject({
      kind: 'retry',
      atMs: START_MS + 2_000,
      reason: { code: 'USER_FUNCTION_FAILED' },
    })
    await app.append(SOURCE, 2, ['a', 'b'])
    expect(await app.tick()).toMatchObject({ kind: 'retry', atMs: START_MS + 4_000 })
    control.fails = false
    await app.tick()
    expect(seen).toHaveLength(2)
    await app.tick()
    expect(seen).toEqual([
      { timeMs: 1_000, elements: [['a', 1]], attempt: 1, epoch: 1 },
      { timeMs: 1_000, elements: [['a', 1]], attempt: 2, epoch: 2 },
      { timeMs: 1_000, elements: [['a', 1]], attempt: 3, epoch: 3 },
      {
        timeMs: 2_000,
        elements: [
          ['a', 2],
          ['b', 1],
        ],
        attempt: 1,
        epoch: 4,
      },
      {
        timeMs: 3_000,
        elements: [
          ['a', 2],
          ['b', 1],
        ],
        attempt: 1,
        epoch: 5,
      },
    ])
    expect(
      app.eventsOf('batchFailed').map(({ attempt, retryMs }) => [attempt, retryMs - START_MS]),
    ).toEqual([
      [1, 2_000],
      [2, 4_000],
    ])
  })

  test('is tried in the same way by another process', async () => {
    const { pipeline, seen, control } = failing()
    const world = new World()
    await world.deploy(pipeline).append(SOURCE, 1, ['a'])
    await world.deploy(pipeline).tick()
    control.fails = false
    await world.deploy(pipeline).tick()
    expect(seen.map(({ timeMs, elements, attempt }) => [timeMs, elements, attempt])).toEqual([
      [1_000, [['a', 1]], 1],
      [1_000, [['a', 1]], 2],
      [2_000, [['a', 1]], 1],
    ])
  })

  test('is tried with doubling pauses, up to two minutes, until both limits', async () => {
    const { pipeline, control, seen } = failing()
    const world = new World()
    const app = world.deploy(pipeline)
    await app.tick()
    const pauses: number[] = []
    let outcome = await app.run()
    while (outcome.kind === 'retry') {
      pauses.push(outcome.atMs - world.nowMs)
      world.advance(outcome.atMs - world.nowMs)
      outcome = await app.run()
    }
    expect(pauses).toEqual(
      [1, 2, 4, 8, 16, 32, 64, 120, 120, 120, 120, 120, 120, 120].map((pause) => pause * 1_000),
    )
    expect(outcome).toMatchObject({
      kind: 'failed',
      reason: {
        code: 'USER_FUNCTION_FAILED',
        message: expect.stringContaining('the sink is down') as string,
      },
    })
    expect(app.eventsOf('failed')).toHaveLength(1)
    control.fails = false
    const attempts = seen.length
    await app.tick(5)
    expect(seen).toHaveLength(attempts)
    expect(await world.deploy(pipeline).run()).toMatchObject({ kind: 'failed' })
  })

  test('fails for good after the number of attempts only if the time is over too', async () => {
    const { pipeline, seen } = failing({ retry: { attempts: 2, for: seconds(10) } })
    const world = new World()
    const app = world.deploy(pipeline)
    expect(await app.tick(10)).toMatchObject({ kind: 'retry', atMs: START_MS + 16_000 })
    expect(seen.map(({ timeMs, attempt }) => [timeMs, attempt])).toEqual(
      [1, 2, 3, 4].map((attempt) => [1_000, attempt]),
    )
    expect(await app.tick()).toMatchObject({ kind: 'failed' })
  })

  test('becomes FAILED without enough time or memory, by attempts that never end', async () => {
    const world = new World()
    let begun = 0
    const pipeline = pipelineOf(
      (ssc) =>
        ssc.socketTextStream('localhost', 9999).foreachRDD(() => {
          begun += 1
          return new Promise<void>(() => undefined)
        }),
      { retry: { attempts: 3, for: seconds(1) } },
    )
    // Each process dies in its batch. The next one must wait for its lease.
    const leaseMs = 10_000
    await world.deploy(pipeline, { leaseMs }).run()
    world.advance(1_000)
    for (let attempt = 1; attempt <= 3; attempt++) {
      void world.deploy(pipeline, { leaseMs }).run()
      await vi.waitUntil(() => begun === attempt)
      expect(await world.deploy(pipeline, { leaseMs }).run()).toMatchObject({ kind: 'busy' })
      world.advance(leaseMs + 1)
    }
    expect(await world.deploy(pipeline, { leaseMs }).run()).toMatchObject({
      kind: 'failed',
      reason: {
        code: 'BATCH_FAILED',
        message: expect.stringContaining('ran out of memory or time') as string,
      },
    })
    expect(begun).toBe(3)
  })

  test('does not stop intake, nor does a failed application', async () => {
    const { pipeline, seen, control } = failing({ retry: { attempts: 1, for: seconds(1) } })
    const world = new World()
    const app = world.deploy(pipeline)
    await app.append(SOURCE, 1, ['a'])
    await app.tick(2)
    world.advance(60_000)
    expect(await app.run()).toMatchObject({ kind: 'failed' })
    expect(await app.append(SOURCE, 2, ['a'])).toBe(1)
    control.fails = false
    seen.length = 0
    // A new deployment tries again.
    const next = world.deploy(pipeline, { generation: 2 })
    await next.run()
    expect(next.eventsOf('adopted')).toEqual([{ event: 'adopted', generation: 2, carriedOver: [] }])
    expect(
      seen.slice(0, 2).map(({ timeMs, elements, attempt }) => [timeMs, elements, attempt]),
    ).toEqual([
      [1_000, [['a', 1]], 1],
      [2_000, [['a', 2]], 1],
    ])
  })

  test('for another reason reports that reason', async () => {
    const pipeline = pipelineOf((ssc) =>
      ssc
        .queueStream([[1]])
        .transform(() => [1] as never)
        .print(),
    )
    expect(await new World().deploy(pipeline).tick()).toMatchObject({
      kind: 'retry',
      reason: {
        code: 'USER_FUNCTION_FAILED',
        message: expect.stringContaining('did not return an RDD') as string,
      },
    })
  })
})

describe('a store that does not answer', () => {
  test.each<[string, string, boolean, number]>([
    ['before a write is applied, once', 'compareAndSet', false, 1],
    ['after a write is applied, once: its answer is lost', 'compareAndSet', true, 1],
    ['three times', 'compareAndSet', false, 3],
    ['after segments are written', 'putAll', true, 1],
    ['before a read', 'get', false, 1],
  ])('%s, has no effect', async (_, call, applied, count) => {
    for (let skip = 1; skip <= 3; skip++) {
      const { pipeline, seen } = queued([['a'], ['a', 'b'], ['b']], {}, totals)
      const world = new World()
      const app = world.deploy(pipeline)
      await app.tick(skip)
      const to = call === 'compareAndSet' ? `${APP}#head` : `${APP}#`
      world.store.fail({ call: call as 'get', to, times: count, applied })
      await app.tick(3 - skip)
      expect(seen.slice(0, 3)).toEqual([
        [1_000, [['a', 1]]],
        [
          2_000,
          [
            ['a', 2],
            ['b', 1],
          ],
        ],
        [
          3_000,
          [
            ['a', 2],
            ['b', 2],
          ],
        ],
      ])
      expect(app.eventsOf('batchFailed')).toEqual([])
    }
  })

  test('for longer fails the attempt, and the next attempt finds what is true', async () => {
    const { pipeline, seen } = queued([['a'], ['a', 'b']], {}, totals)
    const world = new World()
    const app = world.deploy(pipeline)
    await app.tick()
    world.store.fail({ call: 'putAll', to: `${APP}#seg#updateStateByKey-1`, times: 4 })
    expect(await app.tick()).toMatchObject({ kind: 'retry', reason: { code: 'STORE_FAILED' } })
    await app.tick()
    expect(seen).toEqual([
      [1_000, [['a', 1]]],
      // Once: the output had run, and the failure came after it.
      [
        2_000,
        [
          ['a', 2],
          ['b', 1],
        ],
      ],
      [
        3_000,
        [
          ['a', 2],
          ['b', 1],
        ],
      ],
    ])
  })

  test('to a commit that was applied leaves the batch committed once', async () => {
    const { pipeline, seen } = queued([['a'], ['a']], { whenIdle: 'tick' }, totals)
    const world = new World()
    const app = world.deploy(pipeline)
    await app.tick()
    let writes = 0
    const write = world.store.compareAndSet.bind(world.store)
    // From now on, the first write of the head is the log of the second batch, and the second write
    // is its commit.
    world.store.compareAndSet = async (key, before, next) => {
      writes += 1
      if (writes === 2)
        world.store.fail({ call: 'compareAndSet', to: `${APP}#head`, times: 1, applied: true })
      return write(key, before, next)
    }
    await app.tick(2)
    expect(seen).toEqual([
      [1_000, [['a', 1]]],
      [2_000, [['a', 2]]],
      [3_000, [['a', 2]]],
    ])
    expect(app.eventsOf('batchCompleted').map(({ timeMs }) => timeMs - START_MS)).toEqual([
      1_000, 2_000, 3_000,
    ])
  })
})

test('a batch is noted in the history', async () => {
  const { pipeline } = queued([['a', 'b']])
  const world = new World()
  const app = world.deploy(pipeline)
  await app.tick()
  expect(app.eventsOf('batchCompleted')).toEqual([
    {
      event: 'batchCompleted',
      timeMs: START_MS + 1_000,
      attempt: 1,
      records: 2,
      bytes: 0,
      objects: 0,
      deadLetters: 0,
      expired: 0,
      lost: 0,
      skippedTimes: 0,
      processingMs: 0,
    },
  ])
  expect(world.store.keys().filter((key) => key.includes('#hist#'))).toHaveLength(1)
})

test('outputs run in the order of their definition', async () => {
  const order: string[] = []
  const pipeline: Pipeline = pipelineOf((ssc) => {
    const numbers = ssc.queueStream([[1]])
    numbers.foreachRDD(() => void order.push('first'))
    numbers.map((n) => n + 1).foreachRDD(async () => void order.push('second'))
    numbers.foreachRDD(() => void order.push('third'))
  })
  await new World().deploy(pipeline).tick()
  expect(order).toEqual(['first', 'second', 'third'])
})
