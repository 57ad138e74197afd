import { type DStream, type Pipeline, seconds, type StreamingContext } from 'millrace'
import { describe, expect, test } from 'vitest'
import { type DeployOptions, pipelineOf, type Seen, START_MS, World } from '../harness.ts'

const SOURCE = 'socketTextStream-1'

const linesOf = (ssc: StreamingContext): DStream<string> => ssc.socketTextStream('localhost', 9999)
const totalsOf = (lines: DStream<string>): DStream<[string, number]> =>
  lines
    .mapToPair((word) => [word, 1])
    .updateStateByKey<number>((ones, total = 0) => total + ones.length)

/** Running totals, with the elements of each batch. */
const totals = (
  shape: (ssc: StreamingContext) => DStream<[string, number]> = (ssc) =>
    totalsOf(linesOf(ssc)).named('totals'),
) => {
  const seen: Seen[] = []
  const pipeline = pipelineOf((ssc) =>
    shape(ssc).foreachRDD(
      async (rdd, time) => void seen.push([time.milliseconds - START_MS, await rdd.collect()]),
    ),
  )
  return { pipeline, seen }
}

/** A world in which generation 1 has counted two words. */
const worldWithTotals = async (): Promise<World> => {
  const world = new World()
  const app = world.deploy(totals().pipeline)
  await app.append(SOURCE, 1, ['a', 'a'])
  await app.tick()
  return world
}

describe('a deployment of a higher generation adopts the store', () => {
  test.each<[string, ((ssc: StreamingContext) => DStream<[string, number]>) | undefined]>([
    ['with the same plan', undefined],
    [
      'with more operators',
      (ssc) =>
        totalsOf(
          linesOf(ssc)
            .filter(Boolean)
            .map((word) => word),
        )
          .named('totals')
          .mapValues((n) => n),
    ],
    [
      'with one more state',
      (ssc) => {
        const lines = linesOf(ssc)
        totalsOf(lines).named('more').print()
        return totalsOf(lines).named('totals')
      },
    ],
  ])('%s', async (_, shape) => {
    const world = await worldWithTotals()
    const { pipeline, seen } = totals(shape)
    const app = world.deploy(pipeline, { generation: 2 })
    await app.append(SOURCE, 3, ['a', 'b'])
    await app.tick()
    expect(app.eventsOf('adopted')).toHaveLength(1)
    expect(seen).toEqual([
      [
        2_000,
        [
          ['a', 3],
          ['b', 1],
        ],
      ],
    ])
    expect(await world.head()).toMatchObject({ generation: 2, plan: pipeline.build().hash })
  })

  test.each<[string, (ssc: StreamingContext) => DStream<[string, number]>, RegExp]>([
    [
      'whose state has another name',
      (ssc) => totalsOf(linesOf(ssc)).named('sums'),
      /"totals".*not in the pipeline/,
    ],
    [
      'whose state is gone',
      (ssc) => linesOf(ssc).mapToPair((word) => [word, 1]),
      /"totals".*not in the pipeline/,
    ],
  ])('does not adopt a store %s', async (_, shape, message) => {
    const world = await worldWithTotals()
    const before = await world.head()
    const app = world.deploy(totals(shape).pipeline, { generation: 2 })
    await expect(app.run()).rejects.toMatchObject({
      code: 'PLAN_INCOMPATIBLE',
      message: expect.stringMatching(message) as string,
    })
    expect(await world.head()).toEqual(before)
  })

  test.each<[string, (ssc: StreamingContext) => void, RegExp | undefined]>([
    [
      'whose sources have changed places',
      (ssc) =>
        [ssc.socketTextStream('host', 2), ssc.socketTextStream('host', 1)].forEach((lines) =>
          lines.print(),
        ),
      /"socketTextStream-1" read "host:1" and reads "host:2" now/,
    ],
    [
      'one more source, with a name',
      (ssc) => {
        ssc.socketTextStream('host', 2).named('new').print()
        ssc.socketTextStream('host', 1).named('socketTextStream-1').print()
      },
      undefined,
    ],
    [
      'one more source, after the others',
      (ssc) => [1, 2].forEach((port) => ssc.socketTextStream('host', port).print()),
      undefined,
    ],
    [
      'with its source in another position',
      (ssc) => ssc.socketTextStream('host', 3).print(),
      undefined,
    ],
  ])('of sources: %s', async (_, shape, message) => {
    const world = new World()
    const one = world.deploy(pipelineOf((ssc) => ssc.socketTextStream('host', 1).print()))
    await one.append('socketTextStream-1', 1, ['a'])
    await one.tick()
    const next = world.deploy(pipelineOf(shape), { generation: 2 })
    if (message === undefined) {
      await next.tick()
      expect(await world.head()).toMatchObject({ generation: 2 })
    } else
      await expect(next.run()).rejects.toMatchObject({
        code: 'PLAN_INCOMPATIBLE',
        message: expect.stringMatching(message) as string,
      })
  })

  test('of sources: a name that once belonged to another source', async () => {
    const world = new World()
    const runs = async (
      generation: number,
      shape: (ssc: StreamingContext) => void,
    ): Promise<unknown> => {
      const app = world.deploy(pipelineOf(shape), { generation })
      await app.run()
      return app.tick()
    }
    await runs(1, (ssc) => ssc.socketTextStream('host', 1).print())
    await runs(2, (ssc) => ssc.socketTextStream('host', 3).named('new').print())
    const swapped = runs(3, (ssc) =>
      [2, 1].forEach((port) => ssc.socketTextStream('host', port).print()),
    )
    await expect(swapped).rejects.toMatchObject({ code: 'PLAN_INCOMPATIBLE' })
  })

  test('does not adopt a store whose logged batch reads a source that is gone', async () => {
    const world = new World()
    const app = world.deploy(
      pipelineOf((ssc) => linesOf(ssc).foreachRDD(() => Promise.reject(new Error('down')))),
    )
    await app.append(SOURCE, 1, ['a'])
    await app.tick()
    const other = world.deploy(
      pipelineOf((ssc) => ssc.textFileStream('lines').print()),
      { generation: 2 },
    )
    await expect(other.run()).rejects.toMatchObject({
      code: 'PLAN_INCOMPATIBLE',
      message: expect.stringContaining(`"${SOURCE}"`) as string,
    })
  })
})

test('another plan of the same generation is refused', async () => {
  const world = await worldWithTotals()
  const { pipeline } = totals((ssc) =>
    totalsOf(linesOf(ssc))
      .named('totals')
      .mapValues((n) => n),
  )
  await expect(world.deploy(pipeline).run()).rejects.toMatchObject({
    code: 'PLAN_INCOMPATIBLE',
    message: expect.stringContaining('same generation') as string,
  })
})

test('a lower generation is superseded: it runs nothing, and its intake continues', async () => {
  const world = await worldWithTotals()
  const [older, newer] = [totals(), totals()]
  const old = world.deploy(older.pipeline)
  const next = world.deploy(newer.pipeline, { generation: 3 })
  await next.run()
  expect(await old.append(SOURCE, 3, ['b'])).toBe(1)
  expect(await old.tick(2)).toEqual({ kind: 'superseded', generation: 3 })
  await next.run()
  expect(older.seen).toEqual([])
  expect(newer.seen[0]).toEqual([
    2_000,
    [
      ['a', 2],
      ['b', 1],
    ],
  ])
})

describe('a queue', () => {
  const queuedApp = (world: World, options: DeployOptions, fails = false) => {
    const seen: unknown[] = []
    const pipeline = pipelineOf((ssc) =>
      ssc.queueStream([['a']]).foreachRDD(async (rdd) => {
        if (fails) throw new Error('down')
        seen.push(...(await rdd.collect()))
      }),
    )
    return { app: world.deploy(pipeline, options), seen }
  }

  test('cannot be recovered by another process', async () => {
    const world = new World()
    await queuedApp(world, { process: 'one' }).app.tick()
    const { app, seen } = queuedApp(world, { process: 'two' })
    await expect(app.tick()).rejects.toMatchObject({ code: 'QUEUE_NOT_RECOVERABLE' })
    expect(seen).toEqual([])
  })

  test('cannot be recovered in the middle of a batch either', async () => {
    const world = new World()
    await queuedApp(world, { process: 'one' }, true).app.tick()
    const { app, seen } = queuedApp(world, { process: 'two' })
    expect(await app.tick()).toMatchObject({
      kind: 'retry',
      reason: { code: 'QUEUE_NOT_RECOVERABLE' },
    })
    expect(seen).toEqual([])
  })
})

describe('a logged batch', () => {
  const files = (fails: boolean) => {
    const seen: unknown[] = []
    const pipeline = pipelineOf((ssc) =>
      ssc.textFileStream('lines', { existing: 'all' }).foreachRDD(async (rdd) => {
        if (fails) throw new Error('down')
        seen.push(...(await rdd.collect()))
      }),
    )
    return { pipeline, seen }
  }

  test('is not read from another kind of source', async () => {
    const world = new World()
    world.write('file', 500)
    await world.deploy(files(true).pipeline).tick()
    const { pipeline, seen } = files(false)
    expect(await world.deploy(pipeline, { bind: 'lanes' }).tick()).toMatchObject({
      kind: 'retry',
      reason: { code: 'BINDING_CHANGED' },
    })
    await world.deploy(pipeline).tick(2)
    expect(seen).toEqual(['file'])
  })
})

/** A pipeline that stops in the middle of a batch until it may continue. */
const haltable = (): {
  readonly pipeline: Pipeline
  readonly seen: Seen[]
  readonly reached: Promise<void>
  readonly letGo: () => void
} => {
  const seen: Seen[] = []
  const reached = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const pipeline = pipelineOf((ssc) => {
    const counts = totalsOf(linesOf(ssc)).named('totals')
    counts.foreachRDD(async (rdd, time) => {
      seen.push([time.milliseconds - START_MS, await rdd.collect()])
      reached.resolve()
      await gate.promise
    })
    counts.saveAsTextFiles('out')
  })
  return { pipeline, seen, reached: reached.promise, letGo: gate.resolve }
}

describe('two runners', () => {
  const LEASE_MS = 10_000
  const leased = { leaseMs: LEASE_MS, process: 'any' }

  test('one holds the lease, and the other waits for it', async () => {
    const world = new World()
    const { pipeline, letGo, reached } = haltable()
    const one = world.deploy(pipeline, leased)
    await one.append(SOURCE, 1, ['a'])
    const running = one.tick()
    await reached
    const untilMs = world.nowMs + LEASE_MS
    expect(await world.deploy(pipeline, leased).run()).toEqual({ kind: 'busy', untilMs })
    expect(await world.deploy(totals().pipeline, { ...leased, generation: 2 }).run()).toEqual({
      kind: 'busy',
      untilMs,
    })
    letGo()
    await running
    expect(await world.head()).toMatchObject({ doneMs: START_MS + 1_000, owner: undefined })
  })

  test('one that continues after its lease can neither write its outputs nor commit', async () => {
    const world = new World()
    const zombie = haltable()
    const one = world.deploy(zombie.pipeline, leased)
    await one.append(SOURCE, 1, ['a'])
    const running = one.tick()
    await zombie.reached
    world.advance(LEASE_MS + 1)
    const fresh = haltable()
    fresh.letGo()
    const two = world.deploy(fresh.pipeline, leased)
    await two.run()
    await two.append(SOURCE, 2, ['a'])
    zombie.letGo()
    await running
    expect(one.eventsOf('batchCompleted')).toEqual([])
    // The fence refused its outputs. This is not a failure of the batch: the batch is done.
    expect(world.textOf(1_000, 'part-00000')).toBe('(a,1)\n')
    expect(JSON.parse(world.textOf(1_000, '_SUCCESS'))).toMatchObject({ generation: 1, epoch: 2 })
    await two.tick()
    expect(fresh.seen.at(-1)).toEqual([12_000, [['a', 2]]])
  })

  test('a driver that lost its lease throws its state away, and reads it again', async () => {
    const world = new World()
    const first = haltable()
    const one = world.deploy(first.pipeline, leased)
    await one.append(SOURCE, 1, ['a'])
    const running = one.tick()
    await first.reached
    world.advance(LEASE_MS + 1)
    const second = totalsPipelineLike(first.pipeline)
    await world.deploy(second, leased).run()
    first.letGo()
    await running
    await one.append(SOURCE, 2, ['a', 'b'])
    await one.tick()
    expect(first.seen.at(-1)?.[1]).toEqual([
      ['a', 2],
      ['b', 1],
    ])
  })
})

/** The same plan, as another process builds it. It does not stop. */
const totalsPipelineLike = (pipeline: Pipeline): Pipeline => {
  const again = haltable()
  again.letGo()
  expect(again.pipeline.build().hash).toBe(pipeline.build().hash)
  return again.pipeline
}

test('readers see the files of the attempt that is committed, and none before', async () => {
  const world = new World()
  let fails = true
  const pipeline = pipelineOf(
    (ssc) => {
      linesOf(ssc).foreachRDD(async (rdd, time) => {
        await rdd.saveAsTextFile(`out-${time.milliseconds}`)
        if (fails) throw new Error('down')
      })
    },
    { retry: { attempts: 8, for: seconds(60) } },
  )
  const app = world.deploy(pipeline)
  await app.append(SOURCE, 1, ['a'])
  await app.tick()
  expect(world.textOf(1_000, '_SUCCESS')).toBe('')
  fails = false
  await app.tick()
  expect(JSON.parse(world.textOf(1_000, '_SUCCESS'))).toMatchObject({ epoch: 2 })
  expect(world.textOf(1_000, 'part-00000')).toBe('a\n')
})
