import { describe, expect, test } from 'vitest'
import type { Pipeline } from 'millrace'
import { MillraceError } from '../../../../lib/base/errors.ts'
import type { ItemKey, ItemStore } from '../../../../lib/ports/item-store.ts'
import type { Operated } from '../../../../lib/runtime/operations/operated.ts'
import { reset, type ResetApp } from '../../../../lib/runtime/operations/reset.ts'
import { skip } from '../../../../lib/runtime/operations/skip.ts'
import { readOverview } from '../../../../lib/runtime/operations/status.ts'
import { APP, type Deployment, pipelineOf, START_MS, World } from '../harness.ts'
import { LEASE_MS, operated } from './operated.ts'

const SOURCE = 'socketTextStream-1'

/** The last results of a counting pipeline, and how to make it fail. */
class Counted {
  isBroken = false
  totals: readonly unknown[] = []

  of(name: string): Pipeline {
    return pipelineOf((ssc) => {
      const totals = ssc
        .socketTextStream('localhost', 9999)
        .mapToPair((line) => [line, 1])
        .updateStateByKey<number>((ones, total = 0) => total + ones.length)
        .named(name)
      totals.foreachRDD(async (rdd) => {
        if (this.isBroken) throw new Error('no connection')
        this.totals = (await rdd.collect()).toSorted(([a], [b]) => (a < b ? -1 : 1))
      })
    })
  }
}

const counting = async (): Promise<{ world: World; app: Deployment; code: Counted }> => {
  const world = new World()
  const code = new Counted()
  const app = world.deploy(code.of('totals'), { leaseMs: LEASE_MS })
  await app.tick()
  await app.append(SOURCE, 1, ['a', 'b'])
  await app.tick()
  expect(code.totals).toEqual([
    ['a', 1],
    ['b', 1],
  ])
  return { world, app, code }
}

/** The same, with a batch that failed once. The code is fixed now. */
const failedOnce = async (): Promise<{ world: World; app: Deployment; code: Counted }> => {
  const { world, app, code } = await counting()
  code.isBroken = true
  await app.append(SOURCE, 3, ['c'])
  await app.tick()
  code.isBroken = false
  return { world, app, code }
}

test('B11: a late sweep does not take the manifest of a reset', async () => {
  const { world } = await counting()
  const before = await world.head()
  await reset(operated(world))
  const { manifest, doneMs } = await world.head()
  expect(doneMs).toBe(before.doneMs)
  // A sweep takes what nothing names up to the last batch that it knows.
  expect(Number(manifest?.at)).toBeGreaterThan(doneMs)
})

/** Runs `work` once, at the first read or write of the head. */
const atHead = (work: () => Promise<void>): ((key: ItemKey) => Promise<void>) => {
  let isDone = false
  return async ({ partition }) => {
    if (isDone || partition !== `${APP}#head`) return
    isDone = true
    await work()
  }
}

const stateKeys = (world: World): readonly string[] =>
  world.store.keys().filter((key) => key.startsWith(`${APP}#seg#totals#`))

describe('reset of an application that continues', () => {
  test('B5, B6: removes the state and keeps waiting records; batch times continue', async () => {
    const { world, app, code } = await counting()
    await app.append(SOURCE, 3, ['a'])
    const before = await world.head()
    const done = await reset(operated(world))
    expect(done).toEqual({
      timeMs: before.doneMs,
      states: [{ id: 'totals', bytes: expect.any(Number) as number }],
      skipped: undefined,
    })
    const after = await world.head()
    expect(after).toMatchObject({
      status: 'running',
      doneMs: before.doneMs,
      epoch: before.epoch + 1,
      generation: before.generation,
    })
    await app.tick()
    expect(code.totals).toEqual([['a', 1]])
    expect((await world.head()).doneMs).toBeGreaterThan(before.doneMs)
  })

  test('B1: redelivered records are still dropped', async () => {
    const { world, app, code } = await counting()
    await reset(operated(world))
    expect(await app.append(SOURCE, 1, ['a', 'b', 'c'])).toBe(1)
    await app.tick()
    expect(code.totals).toEqual([['c', 1]])
  })

  test('B11: removes the segments of the state, also for a warm process', async () => {
    const { world, app, code } = await counting()
    expect(stateKeys(world)).not.toEqual([])
    await reset(operated(world))
    expect(stateKeys(world)).toEqual([])
    await app.append(SOURCE, 3, ['z'])
    await app.tick()
    expect(code.totals).toEqual([['z', 1]])
    expect(app.eventsOf('batchFailed')).toEqual([])
  })

  test('lets a pipeline run whose state does not fit', async () => {
    const { world, code } = await counting()
    const other = world.deploy(code.of('renamed'), { generation: 2 })
    await expect(other.run()).rejects.toMatchObject({ code: 'PLAN_INCOMPATIBLE' })
    await reset(operated(world))
    await other.append(SOURCE, 3, ['x'])
    await other.tick()
    expect(code.totals).toEqual([['x', 1]])
  })

  test('keeps the names of sources: no source gets the records of another one', async () => {
    const world = new World()
    const one = world.deploy(pipelineOf((ssc) => ssc.socketTextStream('host', 1).print()))
    await one.append(SOURCE, 1, ['a'])
    await one.tick()
    await reset(operated(world))
    const swapped = pipelineOf((ssc) =>
      [2, 1].forEach((port) => ssc.socketTextStream('host', port).print()),
    )
    await expect(world.deploy(swapped, { generation: 2 }).run()).rejects.toMatchObject({
      code: 'PLAN_INCOMPATIBLE',
    })
  })

  test('skips the failing batch, reports its content, and notes it', async () => {
    const { world, app, code } = await counting()
    code.isBroken = true
    await app.append(SOURCE, 3, ['lost'])
    await app.tick()
    await app.append(SOURCE, 4, ['waits'])
    const { doneMs } = await world.head()
    const done = await reset(operated(world))
    expect(done.skipped).toMatchObject({
      timeMs: doneMs + 1_000,
      attempts: 1,
      held: [`1 records of ${SOURCE}: positions 3 to 3 of lane 0`],
    })
    code.isBroken = false
    await app.tick()
    expect(code.totals).toEqual([['waits', 1]])
    const { batches } = await readOverview(world.store, APP, world.nowMs)
    expect(batches.map(({ skipped }) => skipped !== undefined)).toEqual([false, true, false, false])
  })

  test('wakes an application at rest: its next batch is from now on', async () => {
    const { world, app, code } = await counting()
    await app.tick(3)
    expect((await world.head()).status).toBe('rest')
    world.advance(600_000)
    await reset(operated(world))
    await app.append(SOURCE, 3, ['a'])
    await app.tick()
    expect(code.totals).toEqual([['a', 1]])
    expect((await world.head()).doneMs).toBeGreaterThanOrEqual(world.nowMs - 1_000)
  })

  test('is refused when nothing has run', async () => {
    await expect(reset(operated(new World()))).rejects.toMatchObject({ code: 'COMMAND_REFUSED' })
  })
})

describe.each<[string, (parts: Operated) => Promise<ResetApp | object>]>([
  ['reset', reset],
  ['skip', skip],
])('%s beside a running driver', (_, command) => {
  /** A batch is logged, and its process has died: the lease remains. */
  const underWay = async (): Promise<{ world: World; app: Deployment; code: Counted }> => {
    const { world, app, code } = await counting()
    await app.append(SOURCE, 3, ['c'])
    const gone = new Error('gone')
    const alive = { ...world.store }
    let writes = 0
    Object.assign(world.store, {
      putAll: () => Promise.reject(gone),
      // The first write of the head takes the lease.
      compareAndSet: (...args: Parameters<ItemStore['compareAndSet']>) =>
        ++writes === 1 ? alive.compareAndSet(...args) : Promise.reject(gone),
    })
    await app.tick().catch(() => undefined)
    Object.assign(world.store, alive)
    return { world, app, code }
  }

  test('is refused while the lease is held, and works when it is over', async () => {
    const { world, app, code } = await underWay()
    const held = await world.head()
    expect(held.owner).toBeDefined()
    await expect(command(operated(world))).rejects.toMatchObject({ code: 'COMMAND_REFUSED' })
    expect(await world.head()).toEqual(held)
    world.advance(LEASE_MS)
    await command(operated(world))
    await app.append(SOURCE, 4, ['d'])
    await app.tick()
    expect(code.totals).not.toContainEqual(['c', 1])
    expect(code.totals).toContainEqual(['d', 1])
  })

  test('with a lock on this machine, a lease belongs to a dead process', async () => {
    const { world } = await underWay()
    await command(operated(world, { leaseMs: 0 }))
    expect((await world.head()).owner).toBeUndefined()
  })

  test('is refused when a driver takes the batch in the meantime', async () => {
    const { world, app, code } = await failedOnce()
    const meanwhile = atHead(async () => void (await app.tick()))
    const racing: ItemStore = {
      ...world.store,
      compareAndSet: async (key, seen, next) => {
        await meanwhile(key)
        return world.store.compareAndSet(key, seen, next)
      },
    }
    await expect(command(operated(world, { store: racing }))).rejects.toMatchObject({
      code: 'COMMAND_REFUSED',
    })
    await app.tick()
    expect(code.totals).toContainEqual(['c', 1])
  })

  test('B11: is refused when the segments that its head named have become garbage', async () => {
    const { world, app, code } = await failedOnce()
    const meanwhile = atHead(async () => {
      for (let position = 4; position < 10; position++) {
        await app.append(SOURCE, position, ['d'])
        await app.tick()
      }
    })
    const slow: ItemStore = {
      ...world.store,
      get: async (key) => {
        const seen = await world.store.get(key)
        await meanwhile(key)
        return seen
      },
    }
    await expect(command(operated(world, { store: slow }))).rejects.toMatchObject({
      code: 'COMMAND_REFUSED',
    })
    expect(code.totals).toContainEqual(['d', 6])
  })

  test('succeeds when only the answer was lost', async () => {
    const { world } = await failedOnce()
    world.store.fail({ call: 'compareAndSet', to: `${APP}#head`, times: 1, applied: true })
    await command(operated(world))
    expect((await world.head()).logged).toBeUndefined()
  })
})

test('a zombie that continues after a reset commits nothing', async () => {
  const { world, app, code } = await counting()
  await app.append(SOURCE, 3, ['c'])
  let isFirst = true
  const original = { ...world.store }
  // In the middle of the batch, long after its lease, the state is reset and another process
  // continues.
  Object.assign(world.store, {
    putAll: async (items: Parameters<ItemStore['putAll']>[0]) => {
      if (isFirst && (await world.head()).owner !== undefined) {
        isFirst = false
        world.advance(LEASE_MS)
        await reset(operated(world))
        const other = world.deploy(code.of('totals'), { leaseMs: LEASE_MS })
        await other.append(SOURCE, 4, ['d'])
        await other.tick()
      }
      return original.putAll(items)
    },
  })
  await app.tick()
  Object.assign(world.store, original)
  expect(isFirst).toBe(false)
  await app.append(SOURCE, 5, ['e'])
  await app.tick(2)
  expect(code.totals).toEqual([
    ['d', 1],
    ['e', 1],
  ])
})

test('the uploads of a skipped batch are in the ledger when their events come again', async () => {
  const world = new World()
  const seen: string[] = []
  const state = { isBroken: false }
  const pipeline = pipelineOf((ssc) =>
    ssc.textFileStream('lines', { existing: 'all' }).foreachRDD(async (rdd) => {
      if (state.isBroken) throw new MillraceError('OUTPUT_FAILED', { problem: 'no' })
      seen.push(...(await rdd.collect()))
    }),
  )
  const app = world.deploy(pipeline, { bind: 'notifications' })
  await app.tick()
  const upload = async (key: string): Promise<void> => {
    world.uploads.write(key, Buffer.from(`${key}\n`), START_MS)
    await app
      .intake('textFileStream-1')
      .appendAtTail('@notifications', [{ key, eventMs: START_MS }])
  }
  state.isBroken = true
  await upload('one')
  await app.tick()
  const { held } = await skip(operated(world))
  expect(held).toEqual(['1 file of textFileStream-1: one'])
  state.isBroken = false
  await app
    .intake('textFileStream-1')
    .appendAtTail('@notifications', [{ key: 'one', eventMs: START_MS }])
  await upload('two')
  await app.tick(2)
  expect(seen).toEqual(['two'])
})

test('an upload that no batch had taken before a reset counts after it', async () => {
  const world = new World()
  const seen: string[] = []
  const pipeline = pipelineOf((ssc) =>
    ssc.textFileStream('lines').foreachRDD(async (rdd) => void seen.push(...(await rdd.collect()))),
  )
  const app = world.deploy(pipeline, { bind: 'notifications' })
  await app.tick()
  world.advance(500)
  world.uploads.write('one', Buffer.from('one\n'), world.nowMs)
  await app
    .intake('textFileStream-1')
    .appendAtTail('@notifications', [{ key: 'one', eventMs: world.nowMs }])
  world.advance(100)
  await reset(operated(world))
  await app.tick(2)
  expect(seen).toEqual(['one'])
})
