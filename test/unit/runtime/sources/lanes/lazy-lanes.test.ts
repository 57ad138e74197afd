/** Blocks of a large batch are read when their turn comes, and are what they are in a small one. */
import { describe, expect, test } from 'vitest'
import type { Pipeline, StreamOptions } from 'millrace'
import type { HeldLimits } from '../../../../../lib/runtime/sources/held-limits.ts'
import { Random } from '../../../../../lib/testing/random.ts'
import { APP, type Deployment, pipelineOf, World } from '../../harness.ts'

const SOURCE = 'kinesisTextStream-1'
const AT_ONCE: HeldLimits = { batchBytes: Infinity, partBytes: Infinity }
const LAZY: HeldLimits = { batchBytes: 0, partBytes: 1 }
const sum = (a: number, b: number): number => a + b

/** `!` in a word makes its record bad. */
const words = (options: Partial<StreamOptions> = {}, weight = 1): Pipeline =>
  pipelineOf((ssc) => {
    const lines = ssc.kinesisTextStream('clicks')
    const pairs = lines
      .flatMap((line) => line.split(' '))
      .map((word): [string, number] => {
        if (word.includes('!')) throw new RangeError('bad word')
        return [word, weight * word.length]
      })
    pairs.reduceByKey(sum, { partitions: 2 }).saveAsTextFiles('sums')
    pairs
      .updateStateByKey<number>((all, total = 0) => all.reduce(sum, total))
      .saveAsTextFiles('totals')
    lines.filter((line) => line.length > 3).saveAsTextFiles('long')
  }, options)

type Append = readonly [lane: string, lines: readonly string[]]

const started = async (
  pipeline: Pipeline,
  held: HeldLimits,
  appends: readonly Append[],
): Promise<{ readonly world: World; readonly app: Deployment }> => {
  const world = new World()
  const app = world.deploy(pipeline, { held, bind: 'lanes' })
  await app.run()
  const next = new Map<string, number>()
  for (const [lane, lines] of appends) {
    const first = next.get(lane) ?? 1
    await app.append(SOURCE, first, lines, lane)
    next.set(lane, first + lines.length)
  }
  return { world, app }
}

const texts = ({ files }: World): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...files.files()].map(([name, bytes]) => [name, Buffer.from(bytes).toString()]),
  )

const isBlock = ({ partition }: { readonly partition: string }): boolean =>
  partition.startsWith(`${APP}#seg#${SOURCE}/`)

const blockKeys = (world: World, lane = '') =>
  world.store
    .keys()
    .filter((key) => key.startsWith(`${APP}#seg#${SOURCE}/${lane}`))
    .map((key) => {
      const at = key.lastIndexOf('/')
      return { partition: key.slice(0, at), sort: key.slice(at + 1) }
    })

/** Tells `begun` before each read of a block, and holds the read for a turn. */
const watchBlocks = (
  { store }: World,
  begun: () => unknown,
  ended: () => unknown = () => undefined,
): void => {
  const get = store.get.bind(store)
  store.get = async (key) => {
    if (!isBlock(key)) return get(key)
    begun()
    await new Promise(setImmediate)
    return get(key).finally(ended)
  }
}

const randomAppends = (random: Random, badShare: number): readonly Append[] =>
  Array.from({ length: random.between(1, 8) }, () => [
    random.pick(['0', '1', 'redrive-1']),
    Array.from({ length: random.between(1, 9) }, () =>
      Array.from({ length: random.between(1, 3) }, () =>
        random.pick(['a', 'be', 'sea', 'ä€', random.chance(badShare) ? 'bad!' : 'd']),
      ).join(' '),
    ),
  ])

test.each([
  // The order of additions shows in the sums of fractions.
  { what: 'good records, to the last bit', weight: 0.1, badShare: 0 },
  { what: 'bad records among them', weight: 1, badShare: 0.1 },
])('lazy blocks give what blocks give that are read at once: $what', async (row) => {
  const random = new Random(5)
  const seen = async (held: HeldLimits, appends: readonly Append[]): Promise<object> => {
    const { world, app } = await started(words({}, row.weight), held, appends)
    await app.tick()
    const batches = app.eventsOf('batchCompleted').map(({ records, lost }) => ({ records, lost }))
    return { files: texts(world), letters: await world.deadLetters(), batches }
  }
  for (let round = 0; round < 40; round++) {
    const appends = randomAppends(random, row.badShare)
    expect(await seen(LAZY, appends)).toEqual(await seen(AT_ONCE, appends))
  }
})

const APPENDS: readonly Append[] = [
  ['0', ['one', 'first']],
  ['1', ['two', 'second', 'again']],
  ['2', ['three']],
]

describe('B2, B7: a block that is lost while its batch runs', () => {
  const lostOnTheWay = async (options: Partial<StreamOptions>) => {
    const { world, app } = await started(words(options), LAZY, APPENDS)
    let reads = 0
    watchBlocks(world, () => {
      // The state is computed, and outputs are under way.
      if (++reads === 5) void world.store.deleteAll(blockKeys(world, '1'))
    })
    const first = await app.tick()
    return { world, app, first }
  }

  test('fails the attempt, and the next one logs a smaller input and says so', async () => {
    const { world, app, first } = await lostOnTheWay({ onDataLoss: 'skip' })
    expect(first).toMatchObject({ kind: 'retry', reason: { code: 'INPUT_CHANGED' } })
    expect(app.eventsOf('dataLost')).toEqual([])
    world.advance(60_000)
    await app.run()
    expect(app.eventsOf('dataLost')).toMatchObject([
      { source: SOURCE, lane: '1', first: '1', last: '3', records: 3 },
    ])
    expect(app.eventsOf('batchCompleted')[0]).toMatchObject({ records: 3, lost: 3, attempt: 2 })
    const long = Object.entries(texts(world)).filter(([name]) => /long-.*part-/.test(name))
    expect(long.map(([, text]) => text).join('')).toBe('first\nthree\n')
  })

  test('halts the batch from the next attempt on', async () => {
    const { world, app, first } = await lostOnTheWay({ onDataLoss: 'halt' })
    expect(first).toMatchObject({ kind: 'retry', reason: { code: 'INPUT_CHANGED' } })
    world.advance(60_000)
    expect(await app.run()).toMatchObject({ kind: 'retry', reason: { code: 'DATA_LOST' } })
  })
})

test('records count that nobody reads', async () => {
  const unread = pipelineOf((ssc) => ssc.kinesisTextStream('clicks').foreachRDD(() => undefined))
  const { app } = await started(unread, LAZY, APPENDS)
  await app.tick()
  expect(app.eventsOf('batchCompleted')).toMatchObject([{ records: 6 }])
})

test('a read that fails for a moment is repeated within its attempt', async () => {
  const { world, app } = await started(words(), LAZY, APPENDS)
  world.store.fail({ call: 'get', to: `${APP}#seg#${SOURCE}/1`, times: 2 })
  await app.tick()
  expect(app.eventsOf('batchCompleted')).toMatchObject([{ records: 6, attempt: 1 }])
})

test.each([
  { what: 'a batch at the limit reads each block once', over: 0, reads: 3 },
  // The pairs for two shuffles, and the lines for an output.
  { what: 'one byte more, and each use reads its blocks', over: 1, reads: 9 },
])('$what', async ({ over, reads }) => {
  const probe = await started(words(), AT_ONCE, APPENDS)
  await probe.app.tick()
  const bytes = probe.app.eventsOf('batchStarted')[0]?.bytes ?? 0
  const { world, app } = await started(words(), { batchBytes: bytes - over, partBytes: 1 }, APPENDS)
  let begun = 0
  watchBlocks(world, () => begun++)
  await app.tick()
  expect(begun).toBe(reads)
})

describe('B8: memory', () => {
  const MIB = 1024 * 1024
  const BLOCKS = 40
  /** Each has lines of together one MiB. The first characters name it. */
  const large: readonly Append[] = Array.from({ length: BLOCKS }, (_, block) => [
    `${block % 3}`,
    Array.from({ length: 16 }, (__, line) => `${block}.${line} `.padEnd(MIB / 16, 'x')),
  ])

  test('a batch of many blocks holds a few at a time', async () => {
    let [begun, used, most] = [0, 0, 0]
    const pipeline = pipelineOf((ssc) =>
      ssc
        .kinesisTextStream('clicks')
        .map((line): [string, number] => {
          if (/^\d+\.15 /.test(line)) used += 1
          return [line.slice(0, 1), 1]
        })
        .reduceByKey(sum)
        .saveAsTextFiles('out'),
    )
    const { world, app } = await started(pipeline, { batchBytes: 4 * MIB, partBytes: MIB }, large)
    watchBlocks(world, () => {
      begun += 1
      most = Math.max(most, begun - used)
    })
    await app.tick()
    expect({ begun, used }).toEqual({ begun: BLOCKS, used: BLOCKS })
    // Eight MiB are read ahead of the block that is in use.
    expect(most).toBeLessThanOrEqual(9)
    expect(most).toBeGreaterThan(4)
  })

  test('a retry looks at a few blocks at a time', async () => {
    const held = { batchBytes: 4 * MIB, partBytes: MIB }
    const { world, app } = await started(words(), held, large)
    world.store.fail({ call: 'putAll', to: `${APP}#seg#@manifest`, times: 4 })
    expect(await app.tick()).toMatchObject({ kind: 'retry' })
    let [underWay, most, begun] = [0, 0, 0]
    let atStart: object | undefined
    watchBlocks(
      world,
      () => {
        begun += 1
        most = Math.max(most, ++underWay)
      },
      () => underWay--,
    )
    const listen = app.events.push.bind(app.events)
    app.events.push = (...events) => {
      for (const { event } of events) if (event === 'batchStarted') atStart ??= { begun, most }
      return listen(...events)
    }
    world.advance(60_000)
    await app.run()
    expect(app.eventsOf('batchCompleted')[0]).toMatchObject({ records: BLOCKS * 16, attempt: 2 })
    // All of them, before anything runs. A block is a little larger than a MiB.
    expect(atStart).toEqual({ begun: BLOCKS, most: 3 })
  })

  test('what was read ahead does not outlive the batch', async () => {
    const pipeline = pipelineOf((ssc) =>
      ssc.kinesisTextStream('clicks').foreachRDD(async (rdd) => void (await rdd.take(1))),
    )
    const { world, app } = await started(pipeline, { batchBytes: 0, partBytes: 1 }, large)
    let underWay = 0
    let begun = 0
    watchBlocks(
      world,
      () => {
        begun++
        underWay++
      },
      () => underWay--,
    )
    await app.tick()
    expect(begun).toBeGreaterThan(1)
    expect(underWay).toBe(0)
  })
})
