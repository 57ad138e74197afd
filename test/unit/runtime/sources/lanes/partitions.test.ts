import { expect, test } from 'vitest'
import { readOverview } from '../../../../../lib/runtime/operations/status.ts'
import { isLanePartition } from '../../../../../lib/state/item-keys.ts'
import { LanePartitions } from '../../../../../lib/state/lane-partitions.ts'
import { readLanes } from '../../../../../lib/state/lanes.ts'
import { APP, type Deployment, pipelineOf, World } from '../../harness.ts'

const SOURCE = 'kinesisStream-1'
const laneOf = (number: number): string => `shardId-${String(number).padStart(12, '0')}`

/** An application that counts, and how often each partition of lanes is asked. */
const started = async () => {
  const world = new World()
  const counts: number[] = []
  const pipeline = pipelineOf((ssc) =>
    ssc
      .kinesisStream('s')
      .foreachRDD(async (rdd) => void counts.push((await rdd.collect()).length)),
  )
  const asked = new Map<string, number>()
  const query = world.store.query.bind(world.store)
  world.store.query = async (...question) => {
    const [partition] = question
    if (isLanePartition(APP, partition)) asked.set(partition, (asked.get(partition) ?? 0) + 1)
    return query(...question)
  }
  const app = world.deploy(pipeline)
  await app.tick()
  return { world, counts, asked, app, pipeline }
}

const append = async (app: Deployment, lanes: readonly string[], position = 1): Promise<void> => {
  for (const lane of lanes) await app.append(SOURCE, position, ['x'], lane)
}
const numbered = (lanes: number): readonly string[] =>
  Array.from({ length: lanes }, (_, number) => laneOf(number))

test.each([
  { what: 'no lane', lanes: [], partitions: 0 },
  { what: 'one shard', lanes: numbered(1), partitions: 1 },
  { what: 'as many shards as one partition carries', lanes: numbered(64), partitions: 1 },
  { what: 'one more', lanes: numbered(65), partitions: 2 },
  { what: 'a thousand shards', lanes: numbered(1_000), partitions: 16 },
  { what: 'lanes without a number', lanes: ['receiver', 'redrive-0f3e', 'x64'], partitions: 1 },
])('$what: a batch asks this number of partitions: $partitions', async ({ lanes, partitions }) => {
  const { world, counts, asked, app, pipeline } = await started()
  await append(app, lanes)
  for (const one of [app, world.deploy(pipeline)]) {
    asked.clear()
    await one.tick()
    expect(asked.size).toBe(partitions)
  }
  expect(counts.reduce((total, one) => total + one, 0)).toBe(lanes.length)
  const stored = (await readLanes(world.store, APP, SOURCE)).map(({ lane }) => lane)
  expect(stored).toEqual(lanes.toSorted())
  const overview = await readOverview(world.store, APP, world.nowMs)
  expect(overview.lanes.map(({ lane }) => lane)).toEqual(lanes.toSorted())
})

test('no partition has more than its share of a thousand lanes', async () => {
  const { world, app } = await started()
  await append(app, numbered(1_000))
  const items = await new LanePartitions(world.store, APP, SOURCE).read()
  const sizes = [...Map.groupBy(items, ({ partition }) => partition).values()]
  expect(Math.max(...sizes.map(({ length }) => length))).toBe(64)
})

test('a driver that was warm before sees lanes in a new partition at its next batch', async () => {
  const { counts, app } = await started()
  for (const number of [0, 64, 640]) {
    await append(app, [laneOf(number)])
    await app.tick()
  }
  expect(counts.slice(-3)).toEqual([1, 1, 1])
})

test('processes that name partitions at the same time name all', async () => {
  const { world } = await started()
  const names = numbered(1_000).filter((_, number) => number % 64 === 0)
  await Promise.all(names.map((lane) => new LanePartitions(world.store, APP, SOURCE).use(lane)))
  const { item } = (await world.store.query(`${APP}#in`))[0] ?? {}
  expect(JSON.parse(item?.['used'] as string)).toEqual([...names.keys()])
})
