import { seconds, stream } from 'millrace'
import { expect, test } from 'vitest'
import { readOverview } from '../../../lib/runtime/operations/status.ts'
import type { DriverNote } from '../../../lib/state/driver-note.ts'
import { APP, pipelineOf, World } from '../runtime/harness.ts'
import { Deployed, toStream } from './deployed.ts'

const sources = { 'kinesisTextStream-1': toStream }

/** Counts lines in a state of this name. */
const counts = (name = 'totals') =>
  pipelineOf((ssc) =>
    ssc
      .kinesisTextStream('lines')
      .mapToPair((line) => [line, 1])
      .updateStateByKey<number>((ones, total = 0) => total + ones.length)
      .named(name)
      .print(),
  )

const noteIn = async ({ store, nowMs }: World): Promise<DriverNote | undefined> =>
  (await readOverview(store, APP, nowMs)).driverNote

test('a driver that cannot start leaves a note, and one that runs takes it back', async () => {
  const world = new World()
  const broken = new Deployed(counts(), { world, sources: {} })
  await expect(broken.trigger()).rejects.toMatchObject({ code: 'BINDING_MISSING' })
  expect(await noteIn(world)).toMatchObject({
    code: 'BINDING_MISSING',
    generation: 1,
    atMs: world.nowMs,
  })

  const repaired = new Deployed(counts(), { world, sources, generation: 2 })
  await repaired.trigger()
  expect(await noteIn(world)).toBeUndefined()
})

test('so does a driver whose plan does not fit, each time it is called', async () => {
  const world = new World()
  const app = new Deployed(counts(), { world, sources })
  await app.trigger()
  await app.put(1, 'a')
  await app.pass()
  const unfit = new Deployed(counts('others'), { world, sources, generation: 2 })
  for (let call = 0; call < 2; call++) {
    world.advance(60_000)
    await expect(unfit.trigger()).rejects.toMatchObject({ code: 'PLAN_INCOMPATIBLE' })
    expect(await noteIn(world)).toMatchObject({ code: 'PLAN_INCOMPATIBLE', atMs: world.nowMs })
  }
})

test('and one whose function that describes the pipeline throws', async () => {
  const world = new World()
  const pipeline = stream(APP, { batchInterval: seconds(1) }, () => {
    throw new Error('no description')
  })
  await expect(new Deployed(pipeline, { world, sources }).trigger()).rejects.toThrow()
  expect((await noteIn(world))?.message).toContain('no description')
})

test('a driver that runs makes no note, and looks for one only once in a process', async () => {
  const world = new World()
  const { store } = world
  let asked = 0
  const get = store.get.bind(store)
  store.get = async (key) => {
    if (key.partition.endsWith('#note')) asked += 1
    return get(key)
  }
  const app = new Deployed(counts(), { world, sources })
  await app.trigger()
  await app.put(1, 'a')
  await app.pass(5)
  expect(asked).toBe(1)
  expect(store.keys().filter((key) => key.includes('#note'))).toEqual([])
})
