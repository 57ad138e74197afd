import { expect, test } from 'vitest'
import { headKey, laneKey } from '../../../../../lib/state/item-keys.ts'
import { sizeOf } from '../../../../../lib/state/lane-pages.ts'
import { partsOf } from '../../../../../lib/state/lane-reader.ts'
import { type Lane, readLane } from '../../../../../lib/state/lanes.ts'
import { readLaneOffsets } from '../../../../../lib/state/lane-offsets.ts'
import { reset } from '../../../../../lib/runtime/operations/reset.ts'
import { skip } from '../../../../../lib/runtime/operations/skip.ts'
import { readOverview } from '../../../../../lib/runtime/operations/status.ts'
import { itemBytes } from '../../../../../lib/ports/item-store.ts'
import { APP, type Deployment, pipelineOf, World } from '../../harness.ts'

const SOURCE = 'kinesisStream-1'
const FIRST = 49590338271490256608559692538361571095921575989136588898n * 2n ** 20n
const LANES = 600

/** The name and the positions of lanes are as long as those of Kinesis. */
const laneOf = (number: number): string =>
  'arn:aws:kinesis:eu-west-1:123456789012:stream/clicks@1700000000123/' +
  `shardId-${String(number).padStart(12, '0')}`

/** An application with many lanes, in a store of small items. */
const started = async (): Promise<{
  readonly world: World
  readonly app: Deployment
  readonly sums: number[]
  readonly state: { fails: boolean }
}> => {
  const world = new World({ itemBytesMax: 40_000 })
  const sums: number[] = []
  const state = { fails: false }
  const pipeline = pipelineOf((ssc) =>
    ssc.kinesisStream('s').foreachRDD(async (rdd) => {
      if (state.fails) throw new Error('not now')
      sums.push((await rdd.collect()).length)
    }),
  )
  const app = world.deploy(pipeline)
  await app.tick()
  return { world, app, sums, state }
}

const append = async (app: Deployment, round: number, lanes = LANES): Promise<void> => {
  for (let lane = 0; lane < lanes; lane++)
    await app.append(SOURCE, String(FIRST + BigInt(round)), ['x'], laneOf(lane))
}

const operated = ({ store, clock, randomness }: World) => ({
  store,
  clock,
  randomness,
  app: APP,
  leaseMs: 0,
})

test('more lanes than a head can hold are taken once, by warm and cold processes', async () => {
  const { world, app, sums } = await started()
  for (let round = 1; round <= 3; round++) {
    await append(app, round)
    await app.tick()
  }
  expect(sums.reduce((total, one) => total + one, 0)).toBe(3 * LANES)
  const head = await world.store.get(headKey(APP))
  expect(itemBytes(headKey(APP), head ?? {})).toBeLessThan(5_000)
  const offsets = await readLaneOffsets(world.store, APP, await world.head())
  expect(Object.keys(offsets[SOURCE] ?? {})).toHaveLength(LANES)
  const { lanes } = await readOverview(world.store, APP, world.nowMs)
  expect(lanes.filter(({ waitingEntries }) => waitingEntries > 0)).toEqual([])
  expect(lanes).toHaveLength(LANES)
})

test('intake drops what is consumed, though the head does not hold the offsets', async () => {
  const { world, app } = await started()
  await append(app, 1)
  await app.tick()
  for (let round = 2; round < 400; round++) {
    await app.append(SOURCE, String(FIRST + BigInt(round)), ['x'], laneOf(0))
    if (round % 10 === 0) await app.tick()
  }
  const key = laneKey(APP, SOURCE, laneOf(0))
  const item = await world.store.get(key)
  expect(itemBytes(key, item ?? {})).toBeLessThanOrEqual(2_048)
  const lane = await readLane(world.store, APP, SOURCE, laneOf(0))
  expect(sizeOf(partsOf(lane as Lane)).entries).toBeLessThan(40)
})

test.each([
  ['warm', true],
  ['new', false],
])(
  'an append by a %s process takes two read units, also while a batch is logged',
  async (_, isWarm) => {
    const { world, app, state } = await started()
    await append(app, 1, 1_000)
    await app.tick()
    await append(app, 2, 1_000)
    state.fails = true
    await app.tick()
    expect((await world.head()).logged).toBeDefined()
    const before = { ...world.store }
    let units = 0
    world.store.get = async (key) => {
      const item = await before.get(key)
      units += Math.max(1, Math.ceil(itemBytes(key, item ?? {}) / 4_096))
      return item
    }
    const intake = isWarm
      ? app.intake(SOURCE)
      : world.deploy(pipelineOf((ssc) => ssc.kinesisStream('s').print())).intake(SOURCE)
    await intake.append({
      lane: laneOf(7),
      records: [{ position: String(FIRST + 3n), record: 'x' }],
    })
    expect(units).toBeLessThanOrEqual(2)
  },
)

test('skip and reset work', async () => {
  const { world, app, sums, state } = await started()
  await append(app, 1)
  await app.tick()
  await append(app, 2)
  state.fails = true
  await app.tick()
  expect((await skip(operated(world))).held).toHaveLength(LANES)
  state.fails = false
  await append(app, 3)
  await reset(operated(world))
  await app.tick(2)
  expect(sums.reduce((total, one) => total + one, 0)).toBe(2 * LANES)
})
