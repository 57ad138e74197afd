import { describe, expect, test } from 'vitest'
import type { Pipeline, StreamOptions } from 'millrace'
import type {
  ShardRange,
  StreamReader,
  StreamRecord,
} from '../../../../../lib/ports/stream-reader.ts'
import { kinesisDeliveries } from '../../../../../lib/runtime/sources/kinesis/event.ts'
import { historyKey } from '../../../../../lib/state/item-keys.ts'
import { aggregateOf } from '../kinesis/aggregate.ts'
import { APP, type Deployment, pipelineOf, START_MS, World } from '../../harness.ts'

const ARN = 'arn:aws:kinesis:eu-west-1:123456789012:stream/clicks'
const SHARD = 'shardId-000000000000'
const SOURCE = 'kinesisTextStream-1'
const LANE = `${ARN}@5/${SHARD}`

const counting = (options: Partial<StreamOptions> = {}): Pipeline =>
  pipelineOf((ssc) => {
    const words = ssc.kinesisTextStream('clicks').flatMap((line) => line.split(' '))
    words.saveAsTextFiles('out')
    words
      .mapToPair((word) => [word, 1])
      .updateStateByKey<number>((ones, total = 0) => ones.length + total)
      .saveAsTextFiles('totals')
  }, options)

/** A shard that keeps its records, and can be made to lose them. */
const shard = () => {
  let records: StreamRecord[] = []
  let count = 0
  const asked: ShardRange[] = []
  const reader: StreamReader = {
    read: async (range) => {
      asked.push(range)
      return records.filter(
        ({ sequenceNumber: n }) =>
          range.shardId === SHARD &&
          BigInt(n) >= BigInt(range.first) &&
          BigInt(n) <= BigInt(range.last),
      )
    },
    parents: async () => [],
  }
  return {
    reader,
    asked,
    put: (...data: readonly (string | Uint8Array)[]): readonly StreamRecord[] => {
      const put = data.map((one) => ({
        sequenceNumber: String(
          49_590_338_271_490_256_608n * 10n ** 36n + BigInt(count++) * 2n ** 70n,
        ),
        partitionKey: 'key',
        data: Buffer.from(one as string),
        arrivalMs: START_MS + 123,
      }))
      records.push(...put)
      return put
    },
    keepOnly: (keep: (record: StreamRecord, index: number) => boolean) =>
      (records = records.filter(keep)),
    replace: (index: number, text: string) =>
      (records[index] = { ...(records[index] as StreamRecord), data: Buffer.from(text) }),
  }
}

const take = async (app: Deployment, records: readonly StreamRecord[]): Promise<void> => {
  const Records = records.map(({ sequenceNumber, partitionKey, data, arrivalMs }) => ({
    eventID: `${SHARD}:${sequenceNumber}`,
    eventSourceARN: ARN,
    kinesis: {
      partitionKey,
      sequenceNumber,
      data: Buffer.from(data).toString('base64'),
      approximateArrivalTimestamp: arrivalMs / 1_000,
    },
  }))
  for (const delivery of kinesisDeliveries(
    { Records },
    { source: SOURCE, elements: 'text', createdMs: 5 },
  ))
    await app.intake(SOURCE).append(delivery)
}

const blockKeys = (world: World) =>
  world.store
    .keys()
    .filter((key) => key.startsWith(`${APP}#seg#${SOURCE}`))
    .map((key) => {
      const at = key.lastIndexOf('/')
      return { partition: key.slice(0, at), sort: key.slice(at + 1) }
    })

const loseBlocks = async (world: World): Promise<void> => world.store.deleteAll(blockKeys(world))

const damageBlocks = async (world: World): Promise<void> => {
  for (const key of blockKeys(world)) {
    const item = (await world.store.get(key))!
    await world.store.put(key, {
      ...item,
      bytes: (item['bytes'] as Uint8Array).map((byte, index) => (index === 5 ? byte ^ 1 : byte)),
    })
  }
}

const texts = (world: World): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...world.files.files()].map(([name, bytes]) => [name, Buffer.from(bytes).toString()]),
  )

const bad = Uint8Array.of(0xff, 0xfe)
const packed = aggregateOf(
  ['c d', 'e'].map((text) => ({ partitionKey: 'k', data: Buffer.from(text) })),
)

/**
 * Two appends, with all that can be in a range: an aggregated record, a record that is not text,
 * and a record that came twice.
 */
const started = async (options: Partial<StreamOptions> = {}) => {
  const world = new World()
  const stream = shard()
  const deploy = (): Deployment =>
    world.deploy(counting(options), { bind: 'lanes', reader: stream.reader })
  const app = deploy()
  await app.run()
  const first = stream.put('a b', packed, bad)
  await take(app, first)
  await take(app, [...first.slice(2), ...stream.put('a', 'b b')])
  return { world, stream, app, deploy }
}

const intact = async (): Promise<Readonly<Record<string, string>>> => {
  const { world, app } = await started()
  await app.tick()
  return texts(world)
}

describe('B7: a lost block is made again from the shard', () => {
  test.each<[string, (world: World) => Promise<void>, string]>([
    ['gone', loseBlocks, 'SEGMENT_MISSING'],
    ['damaged', damageBlocks, 'SEGMENT_CORRUPT'],
  ])('%s', async (_, harm, code) => {
    const { world, app } = await started()
    await harm(world)
    await app.tick()
    expect(texts(world)).toEqual(await intact())
    expect(app.eventsOf('warning').map((event) => event.code)).toEqual([code, code])
    expect(app.eventsOf('dataLost')).toEqual([])
    expect(app.eventsOf('batchCompleted')).toMatchObject([{ records: 5, lost: 0, attempt: 1 }])
    expect(await world.deadLetters()).toHaveLength(1)
  })

  test('a block in the store is not read from the stream', async () => {
    const { app, stream } = await started()
    await app.tick()
    expect(stream.asked).toEqual([])
  })

  test('even if it is lost between two attempts, and the second one is cold', async () => {
    const { world, app, deploy } = await started()
    world.store.fail({ call: 'putAll', to: `${APP}#seg#@manifest`, times: 4 })
    expect(await app.tick()).toMatchObject({ kind: 'retry' })
    await loseBlocks(world)
    world.advance(60_000)
    const other = deploy()
    await other.run()
    expect(other.eventsOf('batchCompleted')[0]).toMatchObject({ records: 5, lost: 0, attempt: 2 })
    expect(firstBatch(texts(world))).toEqual(firstBatch(await intact()))
  })

  test('later records are not included', async () => {
    const { world, app, stream } = await started()
    stream.put('late')
    await loseBlocks(world)
    await app.tick()
    expect(texts(world)).toEqual(await intact())
  })
})

/** The files of the first batch, without their fences, which differ between attempts. */
const firstBatch = (files: Readonly<Record<string, string>>): object =>
  Object.fromEntries(
    Object.entries(files).filter(
      ([name]) => name.includes(String(START_MS + 1_000)) && !name.endsWith('_SUCCESS'),
    ),
  )

describe('B7: records that no longer exist', () => {
  const losses: readonly [string, (stream: ReturnType<typeof shard>) => void][] = [
    ['their retention is over', (stream) => void stream.keepOnly(() => false)],
    ['the first records are too old', (stream) => void stream.keepOnly((__, index) => index > 0)],
    ['other records have their positions', (stream) => void stream.replace(0, 'x y')],
  ]

  test.each(losses)('halt: %s', async (_, harm) => {
    const { world, app, stream } = await started({
      retry: { attempts: 2, for: { milliseconds: 1 } as never },
    })
    await loseBlocks(world)
    harm(stream)
    expect(await app.tick()).toMatchObject({ kind: 'retry', reason: { code: 'DATA_LOST' } })
    world.advance(60_000)
    expect(await app.run()).toMatchObject({ kind: 'failed', reason: { code: 'DATA_LOST' } })
    expect(texts(world)).toEqual({})
    expect(app.eventsOf('dataLost')).toEqual([])
  })

  test.each(losses)('skip: %s', async (_, harm) => {
    const { world, app, stream } = await started({ onDataLoss: 'skip' })
    await loseBlocks(world)
    harm(stream)
    const whole = await stream.reader.read({
      streamArn: ARN,
      shardId: SHARD,
      first: '0',
      last: '9'.repeat(60),
    })
    await app.tick()
    const lost = app.eventsOf('dataLost')
    expect(lost[0]).toMatchObject({ source: SOURCE, lane: LANE, records: 3 })
    // If only the first append is damaged, the second one is complete.
    expect(lost).toHaveLength(whole.length === 0 ? 2 : 1)
    const records = whole.length === 0 ? 0 : 2
    expect(app.eventsOf('batchCompleted')).toMatchObject([{ records, lost: 5 - records }])
    expect((await world.store.get(historyKey(APP, START_MS + 1_000)))?.['lost']).toBe(5 - records)
    expect(Object.keys((await world.head()).offsets?.[SOURCE] ?? {})).toEqual([LANE])
    await take(app, stream.put('z'))
    await app.tick()
    expect(app.eventsOf('batchCompleted').at(-1)).toMatchObject({ records: 1, lost: 0 })
  })

  test('B2: an attempt after the log of a loss decides the same', async () => {
    const { world, app, stream, deploy } = await started({ onDataLoss: 'skip' })
    const blocks = await Promise.all(
      blockKeys(world).map(async (key) => ({ ...key, item: (await world.store.get(key))! })),
    )
    await loseBlocks(world)
    const forgotten = await stream.reader.read({
      streamArn: ARN,
      shardId: SHARD,
      first: '0',
      last: '9'.repeat(60),
    })
    stream.keepOnly(() => false)
    world.store.fail({ call: 'putAll', to: `${APP}#seg#@manifest`, times: 4 })
    expect(await app.tick()).toMatchObject({ kind: 'retry' })
    await world.store.putAll(blocks)
    stream.put(...forgotten.map(({ data }) => data))
    world.advance(60_000)
    const later = deploy()
    await later.run()
    expect(later.eventsOf('batchCompleted')[0]).toMatchObject({ records: 0, lost: 5, attempt: 2 })
    expect(later.eventsOf('dataLost')).toHaveLength(2)
  })

  test('B2: what one attempt has skipped halts no later one, whatever is deployed', async () => {
    const { world, app, stream } = await started({ onDataLoss: 'skip' })
    await loseBlocks(world)
    stream.keepOnly(() => false)
    world.store.fail({ call: 'putAll', to: `${APP}#seg#@manifest`, times: 4 })
    expect(await app.tick()).toMatchObject({ kind: 'retry' })
    const later = world.deploy(counting({ onDataLoss: 'halt' }), {
      bind: 'lanes',
      reader: stream.reader,
      generation: 2,
    })
    await later.run()
    expect(later.eventsOf('batchCompleted')[0]).toMatchObject({ records: 0, lost: 5 })
  })

  test('B2: an attempt without the lease logs no loss', async () => {
    const { world, app, stream, deploy } = await started({ onDataLoss: 'skip' })
    const blocks = await Promise.all(
      blockKeys(world).map(async (key) => ({ ...key, item: (await world.store.get(key))! })),
    )
    await loseBlocks(world)
    const read = stream.reader.read.bind(stream.reader)
    let isFirst = true
    // While the first runner reads the stream, another one finds the blocks and commits the batch.
    Object.assign(stream.reader, {
      read: async (range: ShardRange) => {
        if (!isFirst) return read(range)
        isFirst = false
        await world.store.putAll(blocks)
        await deploy().run()
        return []
      },
    })
    await app.tick()
    expect(app.eventsOf('dataLost')).toEqual([])
    expect(firstBatch(texts(world))).toEqual(firstBatch(await intact()))
  })

  test('a lane without a shard cannot be read again', async () => {
    const { world, app } = await started({ onDataLoss: 'skip' })
    await app.append(SOURCE, 1, ['sent again by hand'], 'redrive-1')
    await loseBlocks(world)
    await app.tick()
    expect(app.eventsOf('dataLost')).toMatchObject([{ lane: 'redrive-1', records: 1 }])
    expect(app.eventsOf('batchCompleted')).toMatchObject([{ records: 5, lost: 1 }])
  })
})

test('a stream that does not answer fails the attempt, and loses nothing', async () => {
  const { world, app, stream } = await started({ onDataLoss: 'skip' })
  await loseBlocks(world)
  const read = stream.reader.read.bind(stream.reader)
  Object.assign(stream.reader, { read: () => Promise.reject(new Error('not now')) })
  expect(await app.tick()).toMatchObject({ kind: 'retry' })
  Object.assign(stream.reader, { read })
  world.advance(60_000)
  await app.run()
  expect(firstBatch(texts(world))).toEqual(firstBatch(await intact()))
})
