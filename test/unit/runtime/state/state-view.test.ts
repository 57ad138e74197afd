import { minutes, StateSpec, type DStream } from 'millrace'
import { describe, expect, test } from 'vitest'
import { encodeCanonical } from '../../../../lib/base/codec.ts'
import { partitionOf } from '../../../../lib/base/keys.ts'
import type { ItemKey } from '../../../../lib/ports/item-store.ts'
import { KEPT_MANIFESTS } from '../../../../lib/state/manifest.ts'
import { StateView } from '../../../../lib/runtime/state/state-view.ts'
import type { StateEntry } from '../../../../lib/runtime/state/state-partition-reader.ts'
import { Random } from '../../../../lib/testing/random.ts'
import { APP, countBytes, type Deployment, pipelineOf, START_MS, World } from '../harness.ts'
import { entriesOf } from './entries-of.ts'

const SOURCE = 'socketTextStream-1'
const PARTITIONS = 4

/** Keys of every type that a line can stand for. */
const KEYS: readonly unknown[] = [
  ...Array.from({ length: 12 }, (_, index) => `word ${index}`),
  '',
  '5',
  5,
  -1.5,
  0,
  Number.NaN,
  10n ** 20n,
  true,
  false,
  null,
  undefined,
  new Date(0),
  ['a', 1],
  ['a', [2n, null]],
  { id: 1, at: new Date(5) },
]

/** Lines are `index of the key:what to add`; adding 0 removes the key. */
const totals = pipelineOf(
  (ssc) => {
    const pairs: DStream<[unknown, number]> = ssc
      .socketTextStream('host', 1)
      .mapToPair((line) => [KEYS[Number(line.split(':')[0])], Number(line.split(':')[1])])
    pairs
      .updateStateByKey<{ n: number }>(
        (added, before = { n: 0 }) => {
          if (added.includes(0)) return undefined
          return { n: before.n + added.reduce((a, b) => a + b, 0) }
        },
        { partitions: PARTITIONS },
      )
      .named('totals')
      .foreachRDD(() => undefined)
  },
  { whenIdle: 'tick' },
)

const mapOf = async (view: StateView): Promise<Map<string, unknown>> => {
  const { entries } = await view.readAll()
  const found = new Map<string, unknown>()
  for await (const { key, state } of entries) found.set(encodeCanonical(key), state)
  return found
}

const openTotals = (world: World, id = 'totals'): Promise<StateView> =>
  StateView.open({ store: world.store, app: APP, clock: world.clock }, id)

describe('a view of keyed state', () => {
  test('is what a plain Map holds after the same updates, warm and after a restart', async () => {
    const random = new Random(7)
    const world = new World()
    let app = world.deploy(totals)
    const model = new Map<string, { n: number }>()
    let at = 1
    for (let batch = 0; batch < 40; batch++) {
      const lines = Array.from({ length: random.between(0, 8) }, () => [
        random.between(0, KEYS.length - 1),
        random.between(0, 3),
      ])
      const removed = new Set(lines.filter(([, n]) => n === 0).map(([key]) => key))
      for (const [key = 0, n = 0] of lines) {
        const code = encodeCanonical(KEYS[key])
        if (removed.has(key)) model.delete(code)
        else model.set(code, { n: (model.get(code)?.n ?? 0) + n })
      }
      if (lines.length > 0)
        await app.append(
          SOURCE,
          at,
          lines.map((line) => line.join(':')),
        )
      at += lines.length
      await app.tick()
      if (batch % 7 === 6) app = world.deploy(totals)
      const view = await openTotals(world)
      expect(await mapOf(view)).toEqual(model)
      expect(await view.count()).toBe(model.size)
      for (const key of KEYS)
        expect((await view.get(key))?.state).toEqual(model.get(encodeCanonical(key)))
    }
    expect(model.size).toBeGreaterThan(10)
  })

  test('shows a state alone, and beside it the times of its key, of each layout', async () => {
    const world = new World()
    const app = world.deploy(
      pipelineOf((ssc) => {
        const pairs: DStream<[string, number]> = ssc
          .socketTextStream('host', 1)
          .mapToPair((line) => [line, 1])
        const spec = StateSpec.function<string, number, number, number>((_, one = 0, state) => {
          if (!state.isTimingOut()) state.update((state.getOption() ?? 0) + one)
          return state.getOption() ?? 0
        })
        pairs.mapWithState(spec).named('plain').print()
        pairs
          .mapWithState(spec.timeout(minutes(5)))
          .named('timed')
          .print()
        const alarm = StateSpec.function<string, number, number, void>((_, __, state, time) => {
          if (state.exists()) state.setTimer(time.plus(minutes(1)))
          if (!state.isTimingOut()) state.update(1)
        }).timers()
        pairs.mapWithState(alarm).named('timers').print()
        pairs
          .mapWithState(alarm.timeout(minutes(5)))
          .named('both')
          .print()
        pairs
          .updateStateByKey<number>((ones, total = 0) => total + ones.length, { ttl: minutes(2) })
          .named('ttl')
          .print()
      }),
    )
    await app.append(SOURCE, 1, ['a', 'b'])
    await app.tick()
    await app.append(SOURCE, 3, ['b'])
    await app.tick()
    const read = async (id: string): Promise<readonly StateEntry[]> => {
      const { entries } = await (await openTotals(world, id)).readAll()
      return entriesOf(entries)
    }
    expect(await read('plain')).toEqual([
      { key: 'a', state: 1 },
      { key: 'b', state: 2 },
    ])
    expect(await read('timed')).toEqual([
      { key: 'a', state: 1, touchedMs: START_MS + 1_000, expiresMs: START_MS + 301_000 },
      { key: 'b', state: 2, touchedMs: START_MS + 2_000, expiresMs: START_MS + 302_000 },
    ])
    expect(await read('timers')).toEqual([
      { key: 'a', state: 1 },
      { key: 'b', state: 1, timerMs: START_MS + 62_000 },
    ])
    expect(await read('both')).toEqual([
      { key: 'a', state: 1, touchedMs: START_MS + 1_000, expiresMs: START_MS + 301_000 },
      {
        key: 'b',
        state: 1,
        touchedMs: START_MS + 2_000,
        timerMs: START_MS + 62_000,
        expiresMs: START_MS + 302_000,
      },
    ])
    expect(await read('ttl')).toEqual([
      { key: 'a', state: 1, touchedMs: START_MS + 1_000, expiresMs: START_MS + 121_000 },
      { key: 'b', state: 2, touchedMs: START_MS + 2_000, expiresMs: START_MS + 122_000 },
    ])
  })

  test('a get reads only the partition of its key, and reads it once', async () => {
    const { world } = await counting(200)
    const view = await openTotals(world)
    const read = countBytes(world.store, '#seg#totals#')
    await view.get('word 1')
    const once = read.bytes
    await view.get('word 1')
    expect(read.bytes).toBe(once)
    await view.count()
    const all = read.bytes
    expect(once).toBeGreaterThan(0)
    expect(once).toBeLessThan(all / 2)
  })
})

/** A few batches over some keys. */
const counting = async (records = 20): Promise<{ world: World; app: Deployment }> => {
  const world = new World()
  const app = world.deploy(totals)
  await app.append(
    SOURCE,
    1,
    Array.from({ length: records }, (_, index) => `${index % KEYS.length}:1`),
  )
  await app.tick()
  return { world, app }
}

describe('B11: while batches run', () => {
  const overtake = async (app: Deployment, from: number, batches: number): Promise<void> => {
    // Enough that partitions are merged and the older manifests are no longer kept.
    for (let batch = 0; batch < batches; batch++) {
      await app.append(
        SOURCE,
        from + batch * KEYS.length,
        KEYS.map((_, index) => `${index}:1`),
      )
      await app.tick()
    }
  }

  test('a view stays at its batch while that is kept', async () => {
    const { world, app } = await counting(KEYS.length)
    const view = await openTotals(world)
    const { timeMs } = view
    await overtake(app, 100, KEPT_MANIFESTS - 1)
    expect((await view.get('word 1'))?.state).toEqual({ n: 1 })
    expect(view.timeMs).toBe(timeMs)
    await view.refresh()
    expect((await view.get('word 1'))?.state).toEqual({ n: KEPT_MANIFESTS })
    expect(view.timeMs).toBe(timeMs + (KEPT_MANIFESTS - 1) * 1_000)
  })

  test.each([
    { what: 'get', read: async (view: StateView) => (await view.get('word 1'))?.state },
    {
      what: 'readAll',
      read: async (view: StateView) => (await mapOf(view)).get(encodeCanonical('word 1')),
    },
    {
      what: 'count, then get',
      read: async (view: StateView) => {
        expect(await view.count()).toBe(KEYS.length)
        return (await view.get('word 1'))?.state
      },
    },
  ])('$what of a view that was overtaken begins again from the newer head', async ({ read }) => {
    const { world, app } = await counting(KEYS.length)
    const view = await openTotals(world)
    const { timeMs } = view
    await overtake(app, 100, 30)
    expect(await read(view)).toEqual({ n: 31 })
    expect(view.timeMs).toBe(timeMs + 30_000)
  })

  test('entries are of one batch, however slowly they are read', async () => {
    const { world, app } = await counting(KEYS.length)
    const view = await openTotals(world)
    const { entries, timeMs } = await view.readAll()
    const seen: unknown[] = []
    let batch = 0
    for await (const { state } of entries) {
      seen.push(state)
      await overtake(app, 100 + 1_000 * batch++, 2)
    }
    expect(seen).toEqual(KEYS.map(() => ({ n: 1 })))
    expect(timeMs).toBe(START_MS + 1_000)
  })

  test('segments that both manifests name are not read twice', async () => {
    const { world, app } = await counting(KEYS.length)
    const view = await openTotals(world)
    const inner = { ...world.store }
    const found: string[] = []
    let missed = 0
    let isFirst = true
    const changed = `#seg#totals#${partitionOf('word 1', PARTITIONS)}#`
    Object.assign(world.store, {
      get: async (key: ItemKey) => {
        if (!key.partition.includes('#seg#totals#')) return inner.get(key)
        // This partition changes so often that it is written whole. The others stay.
        if (key.partition.includes(changed) && isFirst) {
          isFirst = false
          for (let batch = 0; batch < 30; batch++) {
            await app.append(SOURCE, 1_000 + batch, ['1:1'])
            await app.tick()
          }
        }
        const item = await inner.get(key)
        if (item === undefined) missed += 1
        else found.push(`${key.partition}/${key.sort}`)
        return item
      },
    })
    expect((await mapOf(view)).get(encodeCanonical('word 1'))).toEqual({ n: 31 })
    expect(missed).toBeGreaterThan(0)
    expect(found.length).toBeGreaterThanOrEqual(PARTITIONS)
    expect(found).toHaveLength(new Set(found).size)
  })

  test('a segment that is missing while the head stands still is an error', async () => {
    const { world } = await counting(KEYS.length)
    const view = await openTotals(world)
    const gone = world.store.keys().filter((key) => key.startsWith(`${APP}#seg#totals#`))
    await world.store.deleteAll(
      gone.map((key) => ({
        partition: key.slice(0, key.indexOf('/')),
        sort: key.slice(key.indexOf('/') + 1),
      })),
    )
    await expect(view.count()).rejects.toMatchObject({ code: 'SEGMENT_MISSING' })
    await expect(view.get('word 1')).rejects.toMatchObject({ code: 'SEGMENT_MISSING' })
  })
})
