import { describe, expect, test } from 'vitest'
import type { Pipeline } from 'millrace'
import { MillraceError } from '../../../../lib/base/errors.ts'
import type { ItemStore } from '../../../../lib/ports/item-store.ts'
import { byRecord, readDeadLetters } from '../../../../lib/state/dead-letter-reader.ts'
import {
  redrive,
  type RedriveRequest,
  type Redriven,
} from '../../../../lib/runtime/dead-letters/redrive.ts'
import { reset } from '../../../../lib/runtime/operations/reset.ts'
import { skip } from '../../../../lib/runtime/operations/skip.ts'
import {
  APP,
  type DeployOptions,
  type Deployment,
  pipelineOf,
  START_MS,
  World,
} from '../harness.ts'

const SOURCE = 'socketTextStream-1'
const range = { fromMs: START_MS, toMs: START_MS + 3_600_000 }

/** Counts each line. Throws on lines that start with "bad" until its code is fixed. */
class Counted {
  isFixed = false
  readonly totals = new Map<string, number>()
  readonly pipeline: Pipeline = pipelineOf((ssc) =>
    ssc
      .socketTextStream('localhost', 9999)
      .map((line) => {
        if (!this.isFixed && line.startsWith('bad')) throw new RangeError('no')
        return line
      })
      .mapToPair((line) => [line, 1])
      .updateStateByKey<number>((ones, total = 0) => total + ones.length)
      .foreachRDD(async (rdd) => {
        for (const [line, total] of await rdd.collect()) this.totals.set(line, total)
      }),
  )

  get counted(): readonly string[] {
    return [...this.totals].map(([line, total]) => `${line} ${total}`).toSorted()
  }
}

const once = (lines: readonly string[]): readonly string[] =>
  lines.map((line) => `${line} 1`).toSorted()
const BAD = Array.from({ length: 13 }, (_, index) => `bad${index}`)
const GOOD = ['good0', 'good1', 'good2']

/** A world in which thirteen records of two lanes were put aside. */
const afterTrouble = async (
  options: DeployOptions = {},
): Promise<{ world: World; app: Deployment; code: Counted }> => {
  const world = new World()
  const code = new Counted()
  const app = world.deploy(code.pipeline, options)
  await app.tick()
  await app.append(SOURCE, 1, [GOOD[0], ...BAD.slice(0, 7)], 'a')
  await app.append(SOURCE, 1, [GOOD[1], ...BAD.slice(7), GOOD[2]], 'b')
  await app.tick(2)
  expect(code.counted).toEqual(once(GOOD))
  expect(await world.deadLetters()).toHaveLength(BAD.length)
  code.isFixed = true
  return { world, app, code }
}

const redriveOn = async (
  world: World,
  store: ItemStore,
  request: Partial<RedriveRequest> = {},
  woke = (): void => undefined,
): Promise<Redriven> =>
  redrive(
    { store, app: APP, clock: world.clock, randomness: world.randomness, woke },
    { ...range, ...request },
  )

const sum = (values: Readonly<Record<string, number>>): number =>
  Object.values(values).reduce((total, value) => total + value, 0)

/** What happens at one write of a command. */
type Fate = (write: () => Promise<unknown>) => Promise<unknown>

/** A store whose nth write has a fate. Counts the writes. */
const withFate = (
  store: ItemStore,
  nth: number,
  fate: Fate,
): { readonly store: ItemStore; readonly writes: () => number } => {
  let writes = 0
  const guarded = async <T>(write: () => Promise<T>): Promise<T> =>
    ++writes === nth ? ((await fate(write)) as T) : write()
  return {
    writes: () => writes,
    store: {
      ...store,
      compareAndSet: (key, seen, next) => guarded(() => store.compareAndSet(key, seen, next)),
      put: (key, item) => guarded(() => store.put(key, item)),
      putAll: (items) => guarded(() => store.putAll(items)),
      deleteAll: (keys) => guarded(() => store.deleteAll(keys)),
    },
  }
}

const dead = new Error('the process is gone')
const answerLost = new MillraceError('STORE_FAILED', {
  problem: 'The answer was lost',
  retryable: true,
})

describe('B1: each record is redriven once', () => {
  test('when all goes well', async () => {
    const { world, app, code } = await afterTrouble()
    expect(await redriveOn(world, world.store)).toEqual({ records: 13, finished: 0, left: {} })
    await app.tick()
    expect(code.counted).toEqual(once([...GOOD, ...BAD]))
    expect(await world.deadLetters()).toEqual([])
    expect(await redriveOn(world, world.store)).toEqual({ records: 0, finished: 0, left: {} })
    await app.tick()
    expect(code.counted).toEqual(once([...GOOD, ...BAD]))
  })

  /** Runs a second command, and the driver. */
  const others = async (world: World, app: Deployment): Promise<void> => {
    await redriveOn(world, world.store)
    await app.tick(2)
  }

  const fates: readonly {
    readonly fate: string
    readonly of: (world: World, app: Deployment) => Fate
  }[] = [
    { fate: 'dies before', of: () => () => Promise.reject(dead) },
    { fate: 'dies after', of: () => (write) => write().then(() => Promise.reject(dead)) },
    {
      fate: 'loses the answer of',
      of: () => (write) => write().then(() => Promise.reject(answerLost)),
    },
    { fate: 'fails once at', of: () => () => Promise.reject(answerLost) },
    { fate: 'freezes before', of: (world, app) => (write) => others(world, app).then(write) },
    {
      fate: 'freezes after',
      of: (world, app) => async (write) => {
        const answer = await write()
        await others(world, app)
        return answer
      },
    },
    {
      fate: 'freezes, and dies, before',
      of: (world, app) => () => others(world, app).then(() => Promise.reject(dead)),
    },
  ]
  test.each(fates)('when the command $fate any of its writes', async ({ of }) => {
    for (let nth = 1; ; nth++) {
      const { world, app, code } = await afterTrouble()
      const command = withFate(world.store, nth, of(world, app))
      await redriveOn(world, command.store).catch((error: unknown) => expect(error).toBe(dead))
      if (command.writes() < nth) {
        // At least thirteen reservations, two blocks, two appends and two removals: each was tried.
        expect(nth).toBeGreaterThan(19)
        return
      }
      await app.tick()
      await redriveOn(world, world.store)
      await app.tick(2)
      expect([nth, ...code.counted]).toEqual([nth, ...once([...GOOD, ...BAD])])
      expect(await world.deadLetters()).toEqual([])
    }
  })

  test('when a late write of its dead letter arrives after all', async () => {
    const { world, app, code } = await afterTrouble()
    const written = (await world.store.query(`${APP}#dlq#2023-11-14`)).map((one) => ({
      ...one,
      partition: `${APP}#dlq#2023-11-14`,
    }))
    const arrive = (): Promise<void> => world.store.putAll(written)
    // In the middle of the first command, and after its end.
    const command = withFate(world.store, 5, (write) => arrive().then(write))
    await redriveOn(world, command.store)
    await arrive()
    expect(await redriveOn(world, world.store)).toEqual({ records: 0, finished: 13, left: {} })
    await app.tick(2)
    expect(code.counted).toEqual(once([...GOOD, ...BAD]))
    expect(await world.deadLetters()).toEqual([])
  })

  test('when two commands run at the same time, in any order of their calls', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const { world, app, code } = await afterTrouble()
      let state = seed
      /** Each call waits for some turns of the event loop. */
      const jittery = (store: ItemStore): ItemStore => {
        const waiting = async <T>(call: () => Promise<T>): Promise<T> => {
          state = (state * 48_271) % 2_147_483_647
          for (let turns = state % 7; turns > 0; turns--) await Promise.resolve()
          return call()
        }
        return {
          ...store,
          get: (key) => waiting(() => store.get(key)),
          query: (partition, query) => waiting(() => store.query(partition, query)),
          compareAndSet: (key, seen, next) => waiting(() => store.compareAndSet(key, seen, next)),
          putAll: (items) => waiting(() => store.putAll(items)),
          deleteAll: (keys) => waiting(() => store.deleteAll(keys)),
        }
      }
      const done = await Promise.all([
        redriveOn(world, jittery(world.store)),
        redriveOn(world, jittery(world.store)),
      ])
      expect(done[0].records + done[1].records).toBe(BAD.length)
      await redriveOn(world, world.store)
      await app.tick(2)
      expect([seed, ...code.counted]).toEqual([seed, ...once([...GOOD, ...BAD])])
      expect(await world.deadLetters()).toEqual([])
    }
  })
})

describe('a redrive that another command started', () => {
  /** Makes up to `limit` reservations, and dies before it appends the records. */
  const reserveAndDie = async (world: World, limit: number): Promise<void> => {
    const dying = withFate(world.store, limit + 1, () => Promise.reject(dead))
    await expect(redriveOn(world, dying.store, { limit })).rejects.toBe(dead)
  }

  test('is finished lane by lane, if there are several', async () => {
    const { world, app, code } = await afterTrouble()
    await reserveAndDie(world, 3)
    await reserveAndDie(world, 4)
    expect(await redriveOn(world, world.store, { code: 'NONE' })).toEqual({
      records: 0,
      finished: 7,
      left: {},
    })
    await app.tick()
    expect(code.counted).toHaveLength(GOOD.length + 7)
    await redriveOn(world, world.store)
    await app.tick()
    expect(code.counted).toEqual(once([...GOOD, ...BAD]))
  })

  test('waits, if only a part of its reservations is seen', async () => {
    const { world, app, code } = await afterTrouble()
    await reserveAndDie(world, 8)
    /** Reads the first five records as they were before their reservations. */
    const slow: ItemStore = {
      ...world.store,
      query: async (partition, query) =>
        (await world.store.query(partition, query)).filter(
          ({ sort, item }) => !sort.startsWith('!') || (item['index'] as number) > 5,
        ),
    }
    expect(await redriveOn(world, slow, { code: 'NONE' })).toEqual({
      records: 0,
      finished: 0,
      left: {},
    })
    expect(await redriveOn(world, slow)).toMatchObject({ finished: 0 })
    await app.tick()
    await redriveOn(world, world.store)
    await app.tick()
    expect(code.counted).toEqual(once([...GOOD, ...BAD]))
    expect(await world.deadLetters()).toEqual([])
  })
})

test('B12: a resting pipeline is woken, even after the first command died', async () => {
  const { world, app, code } = await afterTrouble()
  await app.tick(3)
  expect((await world.head()).status).toBe('rest')
  let appended = false
  const dying: ItemStore = {
    ...world.store,
    get: (key) =>
      appended && key.partition.endsWith('#head') ? Promise.reject(dead) : world.store.get(key),
    compareAndSet: async (key, seen, next) => {
      appended ||= key.partition.includes('#in#')
      return world.store.compareAndSet(key, seen, next)
    },
  }
  await expect(redriveOn(world, dying)).rejects.toBe(dead)
  expect((await world.head()).status).toBe('rest')
  let woken = 0
  expect(
    await redriveOn(world, world.store, { code: 'NONE' }, () => void (woken += 1)),
  ).toMatchObject({ finished: 10, records: 0 })
  expect(woken).toBe(1)
  expect((await world.head()).status).toBe('running')
  expect(await redriveOn(world, world.store)).toMatchObject({ finished: 0, records: 3 })
  await app.tick()
  expect(code.counted).toEqual(once([...GOOD, ...BAD]))
})

test('B9: many records that fail again are put aside again, and stop nothing', async () => {
  const { world, app, code } = await afterTrouble()
  code.isFixed = false
  await redriveOn(world, world.store)
  await app.tick()
  expect(app.eventsOf('batchFailed')).toEqual([])
  const names = (await world.deadLetters()).map(([name]) => name)
  expect(names).toHaveLength(BAD.length)
  for (const name of names)
    expect(name).toMatch(/^socketTextStream-1#redrive-attempt\d+#\d+#map-1$/)
  code.isFixed = true
  await redriveOn(world, world.store)
  await app.tick()
  expect(code.counted).toEqual(once([...GOOD, ...BAD]))
})

describe('only the requested records', () => {
  test.each<{ readonly request: Partial<RedriveRequest>; readonly records: number }>([
    { request: { limit: 4 }, records: 4 },
    { request: { limit: 12 }, records: 12 },
    { request: { code: 'USER_FUNCTION_FAILED' }, records: 13 },
    { request: { code: 'LINE_NOT_UTF8' }, records: 0 },
    { request: { source: SOURCE }, records: 13 },
    { request: { source: 'other' }, records: 0 },
    { request: { fromMs: START_MS + 60_000 }, records: 0 },
  ])('$request redrives $records', async ({ request, records }) => {
    const { world, app, code } = await afterTrouble()
    expect(await redriveOn(world, world.store, request)).toEqual({ records, finished: 0, left: {} })
    await app.tick()
    expect(code.counted).toHaveLength(GOOD.length + records)
    expect(await world.deadLetters()).toHaveLength(BAD.length - records)
  })

  test('not without a record, if too large to be kept, or without its source', async () => {
    const { world, app, code } = await afterTrouble()
    code.isFixed = false
    await app.append(SOURCE, 100, [`bad${'x'.repeat(200_000)}`], 'a')
    const deadLetter = {
      source: SOURCE,
      position: 'a#101',
      code: 'LINE_NOT_UTF8',
      message: 'no',
      data: new Uint8Array([255]),
      sizeBytes: 1,
    }
    await app.intake(SOURCE).append({ lane: 'a', records: [], rejected: [deadLetter], last: '101' })
    await app.tick()
    code.isFixed = true
    expect(await redriveOn(world, world.store, { sources: ['other'] })).toEqual({
      records: 0,
      finished: 0,
      left: { unreadable: 1, cutOff: 1, sourceGone: 13 },
    })
    expect(await redriveOn(world, world.store)).toEqual({
      records: 13,
      finished: 0,
      left: { unreadable: 1, cutOff: 1 },
    })
    expect(await world.deadLetters()).toHaveLength(2)
  })
})

describe('a record that several parts of the pipeline read', () => {
  const branches = (isBad: { first: boolean; second: boolean }, seen: string[]): Pipeline =>
    pipelineOf((ssc) => {
      const lines = ssc.socketTextStream('localhost', 9999)
      const check = (branch: 'first' | 'second') => (line: string) => {
        if (isBad[branch]) throw new RangeError('no')
        return `${branch} ${line}`
      }
      lines.map(check('first')).foreachRDD(async (rdd) => void seen.push(...(await rdd.collect())))
      lines.map(check('second')).foreachRDD(async (rdd) => void seen.push(...(await rdd.collect())))
    })

  /** A world in which bad branches have put a record aside. */
  const putAside = async (bad: {
    first: boolean
    second: boolean
  }): Promise<{ world: World; app: Deployment; seen: string[] }> => {
    const world = new World()
    const seen: string[] = []
    const app = world.deploy(branches(bad, seen))
    await app.tick()
    await app.append(SOURCE, 1, ['x'])
    await app.tick()
    return { world, app, seen }
  }

  test.each([
    {
      which: 'one threw on',
      bad: { first: true, second: false },
      left: { processedElsewhere: 1 },
      seen: ['second x'],
    },
    {
      which: 'both threw on',
      bad: { first: true, second: true },
      left: {},
      seen: ['first x', 'second x'],
    },
  ])('$which is counted once by each branch', async ({ bad, left, seen: expected }) => {
    const { world, app, seen } = await putAside(bad)
    bad.first = false
    bad.second = false
    expect((await redriveOn(world, world.store)).left).toEqual(left)
    await app.tick()
    expect(seen.toSorted()).toEqual(expected)
    expect(await world.deadLetters()).toHaveLength(sum(left))
  })

  test('B1: is redriven once, even if the command dies before or after any write', async () => {
    for (const isApplied of [false, true])
      for (let nth = 1; ; nth++) {
        const bad = { first: true, second: true }
        const { world, app, seen } = await putAside(bad)
        bad.first = false
        bad.second = false
        const command = withFate(world.store, nth, async (write) => {
          if (isApplied) await write()
          throw dead
        })
        await redriveOn(world, command.store).catch(() => undefined)
        if (command.writes() < nth) break
        await redriveOn(world, world.store)
        await app.tick()
        expect([nth, ...seen.toSorted()]).toEqual([nth, 'first x', 'second x'])
        expect(await world.deadLetters()).toEqual([])
      }
  })

  test('is processed by all of them with --again', async () => {
    const bad = { first: true, second: false }
    const { world, app, seen } = await putAside(bad)
    bad.first = false
    expect(await redriveOn(world, world.store, { again: true })).toMatchObject({
      records: 1,
      left: {},
    })
    await app.tick()
    expect(seen.toSorted()).toEqual(['first x', 'second x', 'second x'])
  })
})

describe('which dead letters are true', () => {
  const truthOfDeadLetters = async (world: World): Promise<readonly boolean[]> => {
    const found: boolean[] = []
    for await (const [deadLetter] of byRecord(
      readDeadLetters(world.store, APP, { ...range, first: 'oldest' }),
    ))
      found.push(deadLetter.isTrue)
    return found
  }

  /** An attempt stores its dead letters, and fails before it commits. */
  const afterFailedAttempt = async (): Promise<{
    world: World
    app: Deployment
    code: Counted
  }> => {
    const world = new World()
    const code = new Counted()
    const app = world.deploy(code.pipeline)
    await app.tick()
    await app.append(SOURCE, 1, ['good', 'bad'])
    // The log goes through, and the commit does not.
    world.store.fail({ call: 'compareAndSet', to: `${APP}#head`, after: 1, times: 4 })
    expect(await app.tick()).toMatchObject({ kind: 'retry' })
    expect(await truthOfDeadLetters(world)).toEqual([false])
    return { world, app, code }
  }

  test('those of the last batch, even after a reset', async () => {
    const world = new World()
    const code = new Counted()
    const app = world.deploy(code.pipeline)
    await app.tick()
    await app.append(SOURCE, 1, ['good', 'bad'])
    await app.tick()
    await reset({
      store: world.store,
      app: APP,
      clock: world.clock,
      randomness: world.randomness,
      leaseMs: 0,
    })
    await app.tick(2)
    expect(await truthOfDeadLetters(world)).toEqual([true])
  })

  test('not yet those of a batch that is not done', async () => {
    const { world, app, code } = await afterFailedAttempt()
    expect(await redriveOn(world, world.store)).toEqual({
      records: 0,
      finished: 0,
      left: { batchOpen: 1 },
    })
    await app.tick(2)
    expect(await truthOfDeadLetters(world)).toEqual([true])
    code.isFixed = true
    expect(await redriveOn(world, world.store)).toMatchObject({ records: 1 })
    await app.tick()
    expect(code.counted).toEqual(once(['good', 'bad']))
  })

  test('not those of a failed attempt, if fixed code has counted the record', async () => {
    const { world, code } = await afterFailedAttempt()
    code.isFixed = true
    const fixed = world.deploy(code.pipeline, { generation: 2 })
    await fixed.tick(2)
    expect(code.counted).toEqual(once(['good', 'bad']))
    expect(await redriveOn(world, world.store)).toEqual({ records: 0, finished: 0, left: {} })
    await fixed.tick()
    expect(code.counted).toEqual(once(['good', 'bad']))
  })

  test('not those of a skipped batch', async () => {
    const { world, app, code } = await afterFailedAttempt()
    await skip({
      store: world.store,
      app: APP,
      clock: world.clock,
      randomness: world.randomness,
      leaseMs: 0,
    })
    code.isFixed = true
    await app.tick()
    expect(await redriveOn(world, world.store)).toEqual({ records: 0, finished: 0, left: {} })
    await app.tick()
    expect(code.counted).not.toContain('bad 1')
  })

  test('those of a batch whose driver died after its commit', async () => {
    const world = new World()
    const code = new Counted()
    const app = world.deploy(code.pipeline)
    await app.tick()
    await app.append(SOURCE, 1, ['bad'])
    const alive = { ...world.store }
    Object.assign(world.store, { put: () => Promise.reject(dead) })
    await expect(app.tick()).rejects.toBe(dead)
    expect(await truthOfDeadLetters(world)).toEqual([false])
    Object.assign(world.store, alive)
    await world.deploy(code.pipeline).run()
    expect(await truthOfDeadLetters(world)).toEqual([true])
  })
})

describe('with any binding of the source', () => {
  const files = (state: { bad: boolean }, seen: string[]): Pipeline =>
    pipelineOf((ssc) =>
      ssc
        .textFileStream('lines', { existing: 'all' })
        .map((line) => {
          if (state.bad && line.startsWith('bad')) throw new RangeError('no')
          return line
        })
        .foreachRDD(async (rdd) => void seen.push(...(await rdd.collect()))),
    )
  const FILES = 'textFileStream-1'

  test.each<{
    readonly bind: NonNullable<DeployOptions['bind']>
    readonly later: NonNullable<DeployOptions['bind']>
  }>([
    { bind: 'objects', later: 'objects' },
    { bind: 'notifications', later: 'notifications' },
    { bind: 'objects', later: 'lanes' },
    { bind: 'lanes', later: 'objects' },
    { bind: 'lanes', later: 'notifications' },
  ])('put aside from $bind, redriven to $later', async ({ bind, later }) => {
    const world = new World()
    const state = { bad: true }
    const seen: string[] = []
    const before = world.deploy(files(state, seen), { bind })
    await before.tick()
    await feed(world, before, bind, 'one', 'good\nbad\n')
    await before.tick(2)
    state.bad = false
    const after = bind === later ? before : world.deploy(files(state, seen), { bind: later })
    expect(await redriveOn(world, world.store)).toMatchObject({ records: 1 })
    await after.tick()
    expect(seen).toEqual(['good', 'bad'])
    await feed(world, after, later, 'two', 'more\n')
    await after.tick(3)
    expect(seen).toEqual(['good', 'bad', 'more'])
    // The binding changes back and forth: nothing comes twice.
    await world.deploy(files(state, seen), { bind }).tick(2)
    await world.deploy(files(state, seen), { bind: later }).tick(2)
    expect(seen).toEqual(['good', 'bad', 'more'])
  })

  const feed = async (
    world: World,
    app: Deployment,
    bind: string,
    key: string,
    text: string,
  ): Promise<void> => {
    const atMs = world.nowMs - START_MS
    if (bind === 'objects') world.write(key, atMs, text)
    if (bind === 'lanes') await app.append(FILES, 1, text.trimEnd().split('\n'), key)
    if (bind !== 'notifications') return
    world.uploads.write(key, Buffer.from(text), world.nowMs)
    await app.intake(FILES).appendAtTail('@notifications', [{ key, eventMs: world.nowMs }])
  }
})
