import { seconds, stream } from 'millrace'
import { describe, expect, test } from 'vitest'
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

describe('a deployment that was replaced changes nothing that the newer one has left', () => {
  const PLAN = 'PLAN_INCOMPATIBLE'
  const failing = (world: World, generation: number): Deployed =>
    new Deployed(counts(), { world, generation, sources: {} })
  const running = (world: World, generation: number): Deployed =>
    new Deployed(counts(), { world, generation, sources })
  const unfit = (world: World, generation: number): Deployed =>
    new Deployed(counts('others'), { world, generation, sources })

  /** The calls, in order, and the note that is left: its code and its generation. */
  test.each<[string, (world: World) => readonly Deployed[], readonly unknown[] | undefined]>([
    ['it fails after the newer one failed', (w) => [unfit(w, 3), failing(w, 2)], [PLAN, 3]],
    ['it runs after the newer one failed', (w) => [unfit(w, 3), running(w, 1)], [PLAN, 3]],
    [
      'it fails after the newer one ran again',
      (w) => [unfit(w, 3), running(w, 3), failing(w, 2)],
      undefined,
    ],
    ['the newer one fails after it', (w) => [failing(w, 2), unfit(w, 3)], [PLAN, 3]],
    ['the newer one runs after it failed', (w) => [failing(w, 2), running(w, 3)], undefined],
    ['the same one fails again', (w) => [unfit(w, 2), failing(w, 2)], ['BINDING_MISSING', 2]],
  ])('%s', async (_, deployments, expected) => {
    const world = new World()
    const first = new Deployed(counts(), { world, sources })
    await first.trigger()
    await first.put(1, 'a')
    await first.pass()
    for (const app of deployments(world)) {
      world.advance(1_000)
      await app.trigger().catch(() => undefined)
    }
    const note = await noteIn(world)
    expect(note && [note.code, note.generation]).toEqual(expected)
  })

  test('also if both write at the same moment', async () => {
    const world = new World()
    const { store } = world
    const write = store.compareAndSet.bind(store)
    let isFirst = true
    store.compareAndSet = async (key, seen, next) => {
      if (key.partition.endsWith('#note') && isFirst) {
        isFirst = false
        await failing(world, 3)
          .trigger()
          .catch(() => undefined)
      }
      return write(key, seen, next)
    }
    await failing(world, 2)
      .trigger()
      .catch(() => undefined)
    expect(await noteIn(world)).toMatchObject({ generation: 3 })
  })
})
