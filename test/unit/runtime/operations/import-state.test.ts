import { type DStream, minutes, seconds, StateSpec } from 'millrace'
import { describe, expect, test } from 'vitest'
import type { KeyedItem } from '../../../../lib/ports/item-store.ts'
import { importState } from '../../../../lib/runtime/operations/import-state.ts'
import type { StateEntry } from '../../../../lib/runtime/state/state-partition-reader.ts'
import { StateView } from '../../../../lib/runtime/state/state-view.ts'
import { APP, type Deployment, pipelineOf, START_MS, World } from '../harness.ts'
import { operated } from './operated.ts'
import { entriesOf } from '../state/entries-of.ts'

const SOURCE = 'socketTextStream-1'
const add = (a: number, b: number): number => a + b

/** Totals in three partitions, keys with a time-out, and a window with an inverse. */
class Counted {
  isBroken = false
  during = async (): Promise<void> => undefined
  totals: unknown = undefined
  timedOut: unknown[] = []
  fired: unknown[] = []

  readonly pipeline = pipelineOf((ssc) => {
    const pairs: DStream<[string, number]> = ssc
      .socketTextStream('host', 1)
      .mapToPair((line) => [line, 1])
    pairs
      .updateStateByKey<number>((ones, total = 0) => total + ones.length, {
        partitions: 3,
        initialState: [['a', 1_000]],
      })
      .named('totals')
      .foreachRDD(async (rdd) => {
        if (this.isBroken) throw new Error('down')
        await this.during()
        this.totals = Object.fromEntries(await rdd.collect())
      })
    pairs
      .mapWithState(
        StateSpec.function<string, number, number, string | undefined>((key, _, state) => {
          if (state.isTimingOut()) return `${key} after ${state.getOption()}`
          state.update((state.getOption() ?? 0) + 1)
          return undefined
        }).timeout(minutes(1)),
      )
      .named('timed')
      .foreachRDD(async (rdd) => void this.timedOut.push(...(await rdd.collect())))
    pairs
      .mapWithState(
        StateSpec.function<string, number, number, string | undefined>((key, _, state) => {
          if (state.isTimerFiring()) return `${key} of ${state.get()}`
          state.update((state.getOption() ?? 0) + 1)
          return undefined
        }).timers(),
      )
      .named('alarms')
      .foreachRDD(async (rdd) => void this.fired.push(...(await rdd.collect())))
    pairs
      .reduceByKeyAndWindow(add, (a, b) => a - b, seconds(9), seconds(1))
      .named('window')
      .print()
  })
}

const counting = async (
  lines = ['a', 'b', 'b'],
): Promise<{ world: World; app: Deployment; code: Counted }> => {
  const world = new World()
  const code = new Counted()
  const app = world.deploy(code.pipeline)
  if (lines.length > 0) await app.append(SOURCE, 1, lines)
  await app.tick()
  return { world, app, code }
}

const stateOf = async (world: World, id: string): Promise<readonly StateEntry[]> => {
  const view = await StateView.open(operated(world), id)
  return entriesOf((await view.readAll()).entries)
}

const given = (states: Readonly<Record<string, number>>): readonly StateEntry[] =>
  Object.entries(states).map(([key, state]) => ({ key, state }))

describe('import of a state', () => {
  test.each([
    { merge: false, now: { c: 7, d: 8 }, keys: 2, next: { c: 8, d: 8 } },
    {
      merge: true,
      now: { a: 1_001, b: 2, c: 7, d: 8 },
      keys: 4,
      next: { a: 1_001, b: 2, c: 8, d: 8 },
    },
  ])('with merge: $merge', async ({ merge, now, keys, next }) => {
    const { world, app, code } = await counting()
    expect(
      await importState(operated(world), { id: 'totals', entries: given({ c: 7, d: 8 }), merge }),
    ).toEqual({ id: 'totals', batchMs: START_MS + 1_000, keysBefore: 2, keys })
    const found = await stateOf(world, 'totals')
    expect(Object.fromEntries(found.map(({ key, state }) => [key, state]))).toEqual(now)
    // A warm driver, and the other states.
    await app.append(SOURCE, 10, ['c'])
    await app.tick()
    expect(code.totals).toEqual(next)
    expect((await stateOf(world, 'window')).map(({ key, state }) => [key, state])).toEqual([
      ['a', 1],
      ['b', 2],
      ['c', 1],
    ])
  })

  test('what was exported comes back, and an import of nothing removes all', async () => {
    const { world, app } = await counting()
    const saved = await stateOf(world, 'totals')
    await app.append(SOURCE, 10, ['a', 'z'])
    await app.tick()
    await importState(operated(world), { id: 'totals', entries: saved, merge: false })
    expect(await stateOf(world, 'totals')).toEqual(saved)
    await importState(operated(world), { id: 'totals', entries: [], merge: false })
    expect(await stateOf(world, 'totals')).toEqual([])
  })

  test('keys with a time-out go on from their last use', async () => {
    const { world, app, code } = await counting()
    await importState(operated(world), {
      id: 'timed',
      entries: [
        { key: 'old', state: 5, touchedMs: START_MS - 55_000 },
        { key: 'unknown', state: 6 },
      ],
      merge: false,
    })
    expect(await stateOf(world, 'timed')).toEqual([
      {
        key: 'old',
        state: 5,
        touchedMs: START_MS - 55_000,
        expiresMs: START_MS + 5_000,
      },
      {
        key: 'unknown',
        state: 6,
        touchedMs: START_MS + 1_000,
        expiresMs: START_MS + 61_000,
      },
    ])
    await app.tick(10)
    expect(code.timedOut).toEqual(['old after 5'])
    await app.tick(60)
    expect(code.timedOut).toEqual(['old after 5', 'unknown after 6'])
  })

  test('a key whose last use is in the future does not keep others from ending', async () => {
    const { world, app, code } = await counting()
    await importState(operated(world), {
      id: 'timed',
      entries: [{ key: 'ahead', state: 5, touchedMs: START_MS + 3_600_000 }],
      merge: true,
    })
    await app.append(SOURCE, 10, ['a'])
    await app.tick()
    await app.tick(70)
    expect(code.timedOut).toEqual(['b after 2', 'a after 2'])
    expect(await stateOf(world, 'timed')).toMatchObject([{ key: 'ahead' }])
  })

  test('timers fire at their times, also past ones, and a pipeline at rest wakes', async () => {
    const { world, app, code } = await counting()
    await app.tick(12)
    expect((await world.head()).status).toBe('rest')
    await importState(operated(world), {
      id: 'alarms',
      entries: [
        { key: 'past', state: 5, timerMs: START_MS - 55_000 },
        { key: 'soon', state: 6, timerMs: START_MS + 20_000 },
        { key: 'never', state: 7 },
      ],
      merge: false,
    })
    await app.tick(1)
    expect(code.fired).toEqual(['past of 5'])
    await app.tick(5)
    expect(code.fired).toEqual(['past of 5'])
    await app.tick(10)
    expect(code.fired).toEqual(['past of 5', 'soon of 6'])
    expect(await stateOf(world, 'alarms')).toHaveLength(3)
  })

  test('an initial state does not replace what was imported before the first record', async () => {
    const { world, app, code } = await counting([])
    await importState(operated(world), { id: 'totals', entries: given({ a: 5 }), merge: false })
    await app.append(SOURCE, 1, ['a'])
    await app.tick()
    expect(code.totals).toEqual({ a: 6 })
  })

  test('B11: a reader of the batch before finds all of it', async () => {
    const { world } = await counting()
    const view = await StateView.open(operated(world), 'totals')
    await importState(operated(world), { id: 'totals', entries: given({ c: 1 }), merge: false })
    expect((await view.get('b'))?.state).toBe(2)
    await view.refresh()
    expect(await view.get('b')).toBeUndefined()
  })

  test('B2: an unfinished batch stays, and is computed from the imported state', async () => {
    const { world, app, code } = await counting()
    code.isBroken = true
    await app.append(SOURCE, 10, ['c'])
    await app.tick()
    const { logged } = await world.head()
    await importState(operated(world), { id: 'totals', entries: given({ c: 10 }), merge: false })
    expect((await world.head()).logged).toEqual(logged)
    code.isBroken = false
    world.advance(600_000)
    await app.run()
    expect(code.totals).toEqual({ c: 11 })
  })

  test('segments are named after the last batch, so that no late sweep takes them', async () => {
    const { world } = await counting()
    const before = new Set(world.store.keys())
    await importState(operated(world), { id: 'totals', entries: given({ c: 10 }), merge: false })
    const written = world.store
      .keys()
      .filter((key) => !before.has(key) && key.startsWith(`${APP}#seg#totals#`))
    expect(written.map((key) => Number(key.split('/')[1]?.split('#')[0]))).toEqual([
      START_MS + 1_001,
    ])
  })

  test.each([
    { what: 'no such state', id: 'total', code: 'STATE_UNKNOWN', says: /did you mean totals/ },
    { what: 'a window', id: 'window', code: 'COMMAND_REFUSED', says: /reset --only window/ },
  ])('refuses $what, and changes nothing', async ({ id, code, says }) => {
    const { world } = await counting()
    const before = await world.head()
    const failed = importState(operated(world), { id, entries: given({ c: 1 }), merge: false })
    await expect(failed).rejects.toMatchObject({
      code,
      message: expect.stringMatching(says) as string,
    })
    expect(await world.head()).toEqual(before)
  })

  test('refuses when batches have run since the export, if that is asked for', async () => {
    const { world, app } = await counting()
    const request = { id: 'totals', entries: given({ c: 1 }), merge: true }
    const ifBatchMs = START_MS + 1_000
    await importState(operated(world), { ...request, ifBatchMs })
    await app.tick()
    await expect(importState(operated(world), { ...request, ifBatchMs })).rejects.toMatchObject({
      code: 'COMMAND_REFUSED',
      message: expect.stringMatching(/Batches have run since/) as string,
    })
  })

  test('refuses what cannot be stored, and changes nothing', async () => {
    const { world } = await counting()
    const before = await world.head()
    const entries = [{ key: 'a', state: () => 1 }]
    await expect(
      importState(operated(world), { id: 'totals', entries, merge: false }),
    ).rejects.toMatchObject({ code: 'VALUE_UNSUPPORTED' })
    expect(await world.head()).toEqual(before)
  })

  test('refuses when a batch is run meanwhile', async () => {
    const { world, app } = await counting()
    const entries = given({ c: 1 })
    const inner = { ...world.store }
    Object.assign(world.store, {
      putAll: async (items: readonly KeyedItem[]) => {
        Object.assign(world.store, inner)
        await app.append(SOURCE, 10, ['q'])
        await app.tick()
        return inner.putAll(items)
      },
    })
    await expect(
      importState(operated(world), { id: 'totals', entries, merge: false }),
    ).rejects.toMatchObject({
      code: 'COMMAND_REFUSED',
      message: expect.stringMatching(/changed/) as string,
    })
    expect((await stateOf(world, 'totals')).map(({ key }) => key)).toContain('q')
  })

  test('refuses while an attempt holds the lease', async () => {
    const { world, code } = await counting()
    const holder = world.deploy(code.pipeline, { leaseMs: 60_000 })
    let refused: unknown
    code.during = async () => {
      const request = { id: 'totals', entries: given({ c: 1 }), merge: false }
      refused = await importState(operated(world), request).catch((error: unknown) => error)
    }
    await holder.append(SOURCE, 10, ['q'])
    await holder.tick()
    expect(refused).toMatchObject({
      code: 'COMMAND_REFUSED',
      message: expect.stringMatching(/lease/) as string,
    })
    expect(code.totals).toEqual({ a: 1_001, b: 2, q: 1 })
  })
})
