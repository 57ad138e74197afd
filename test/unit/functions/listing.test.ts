import type { Pipeline, TextFileStreamOptions } from 'millrace'
import { describe, expect, test } from 'vitest'
import { MillraceError } from '../../../lib/base/errors.ts'
import { reset } from '../../../lib/runtime/operations/reset.ts'
import { APP, pipelineOf, World } from '../runtime/harness.ts'
import { BUCKET, Deployed, toBucket } from './deployed.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const OBJECTS = ['a', 'b', 'c', 'd', 'e', 'f', 'g']

const pipelineWith = (files: TextFileStreamOptions, objects = 3): Pipeline =>
  pipelineOf((ssc) => ssc.textFileStream('lines', files).print(100), { limits: { objects } })

/** An application over a bucket. */
const deploy = (files: TextFileStreamOptions, objects?: number) => {
  const world = new World({ pageSize: 2 })
  const app = new Deployed(pipelineWith(files, objects), {
    world,
    sources: { 'textFileStream-1': toBucket },
  })
  return { app, world }
}

const countPages = ({ versions }: World): (() => number) => {
  const { ...uncounted } = versions
  let pages = 0
  versions.list = (prefix, after) => {
    pages += 1
    return uncounted.list(prefix, after)
  }
  return () => pages
}

const countHeads = ({ versions }: World): (() => number) => {
  const { ...uncounted } = versions
  let heads = 0
  versions.head = (key, version) => {
    heads += 1
    return uncounted.head(key, version)
  }
  return () => heads
}

/** What each batch printed last. A repeated attempt printed the same again. */
const linesOf = (...apps: readonly Deployed[]): readonly string[] =>
  [...new Map(apps.flatMap((app) => app.printed())).values()].flat().toSorted()

const writeAll = (world: World): void => {
  for (const [index, key] of OBJECTS.entries())
    world.versions.write(key, Buffer.from(`${key}\n`), world.nowMs - 1_000 * (index + 1))
}

describe('objects that were there before the first start', () => {
  test("with existing: 'all' are read once, in limited batches", async () => {
    const { app, world } = deploy({ existing: 'all' })
    writeAll(world)
    const pages = countPages(world)
    await app.pass(10)
    expect(linesOf(app)).toEqual(OBJECTS)
    expect(
      Math.max(...app.logged('batchCompleted').map(({ objects }) => Number(objects))),
    ).toBeLessThanOrEqual(3)
    expect((await world.head()).status).toBe('rest')
    const listed = pages()
    expect(listed).toBe(4)
    await app.pass(10, MINUTE_MS)
    expect(pages()).toBe(listed)
  })

  test("with existing: 'ignore' are left alone", async () => {
    const { app, world } = deploy({})
    writeAll(world)
    await app.pass(60, MINUTE_MS)
    expect(linesOf(app)).toEqual([])
  })

  test('count once if notifications name them too', async () => {
    const { app, world } = deploy({ existing: 'all' })
    writeAll(world)
    await app.tell('c', 'v3')
    await app.pass(5)
    await app.tell('g', 'v7')
    await app.pass(5)
    expect(linesOf(app)).toEqual(OBJECTS)
  })

  test('count once, as do objects that arrive while the listing runs', async () => {
    const { app, world } = deploy({ existing: 'all' })
    writeAll(world)
    await app.pass(2)
    await app.drop('aa', 'aa\n')
    await app.drop('z', 'z\n')
    await app.pass(10)
    expect(linesOf(app)).toEqual([...OBJECTS, 'aa', 'z'].toSorted())
  })

  test('do not raise the lag, even if they are a year old', async () => {
    const { app, world } = deploy({ existing: 'all' })
    writeAll(world)
    world.advance(365 * 24 * 60 * MINUTE_MS)
    await app.pass(2)
    await app.trigger({ scheduleMinute: true })
    expect(app.logged('lag').map(({ lagMs }) => Number(lagMs) < MINUTE_MS)).toEqual([true])
  })
})

describe.each<TextFileStreamOptions>([{ existing: 'all' }, { existing: 'ignore' }])(
  'with existing: $existing',
  (files) => {
    test('an object without a notification is found after a quarter of an hour', async () => {
      const { app, world } = deploy(files)
      await app.pass(2)
      app.write('unheard', 'unheard\n')
      await app.pass(10)
      expect(linesOf(app)).toEqual([])
      world.advance(15 * MINUTE_MS)
      await app.pass(10)
      expect(linesOf(app)).toEqual(['unheard'])
    })

    test('an object without a notification is found by a first batch days later', async () => {
      const { app, world } = deploy(files)
      await app.trigger()
      world.advance(1_500)
      app.write('unheard', 'unheard\n')
      world.advance(10 * 24 * HOUR_MS)
      // Batches go on from now, and not one by one from ten days ago.
      const { store, clock, randomness } = world
      await reset({ store, clock, randomness, app: APP, leaseMs: 0 })
      await app.pass(10)
      expect(linesOf(app)).toEqual(['unheard'])
    })

    test('and later ones within an hour, for ever', async () => {
      const { app, world } = deploy(files)
      await app.pass(20, MINUTE_MS)
      for (const day of [1, 2, 30]) {
        world.advance(day * 24 * HOUR_MS)
        // The driver runs each minute, and finds nothing to do.
        await app.pass(2, MINUTE_MS)
        app.write(`lost-${day}`, `lost-${day}\n`)
        await app.pass(2, MINUTE_MS)
        expect(linesOf(app)).not.toContain(`lost-${day}`)
        await app.pass(62, MINUTE_MS)
        expect(linesOf(app)).toContain(`lost-${day}`)
        expect((await world.head()).status).toBe('rest')
      }
    })

    test('a day at rest costs 24 batches, each with one page and no question', async () => {
      const { app, world } = deploy(files)
      for (const key of ['old-1', 'old-2']) world.versions.write(key, Buffer.from('x\n'), 1_000)
      await app.pass(20, MINUTE_MS)
      const pages = countPages(world)
      const heads = countHeads(world)
      const before = app.logged('batchCompleted').length
      await app.pass(24 * 60, MINUTE_MS)
      expect([pages(), heads(), app.logged('batchCompleted').length - before]).toEqual([24, 0, 24])
    })

    test("with listEvery: 'never' the location is not listed again after that", async () => {
      const { app, world } = deploy({ ...files, listEvery: 'never' })
      await app.pass(20, MINUTE_MS)
      const pages = countPages(world)
      await app.pass(200, MINUTE_MS)
      expect(pages()).toBe(0)
    })
  },
)

test('a sweep of many pages goes on in later batches, ten pages in each', async () => {
  const { app, world } = deploy({})
  for (let key = 0; key < 50; key++) world.versions.write(`${key}`, Buffer.from('x\n'), 1_000)
  await app.pass(20, MINUTE_MS)
  const pages = countPages(world)
  const before = app.logged('batchCompleted').length
  await app.pass(70, MINUTE_MS)
  expect(pages()).toBe(25)
  expect(app.logged('batchCompleted').length - before).toBe(3)
  expect(linesOf(app)).toEqual([])
})

test('after a week without a driver, one listing is made and not one for each hour', async () => {
  const { app, world } = deploy({})
  await app.pass(20, MINUTE_MS)
  const pages = countPages(world)
  world.advance(7 * 24 * HOUR_MS)
  await app.pass(10)
  expect(pages()).toBe(1)
})

test('a listing that is refused delays, and stops nothing', async () => {
  const { app, world } = deploy({ existing: 'all' })
  const { ...listed } = world.versions
  world.versions.list = () =>
    Promise.reject(new MillraceError('OBJECT_UNREADABLE', { problem: 'no rights to list' }))
  world.versions.write('before', Buffer.from('before\n'), world.nowMs - 1_000)
  await app.drop('a', 'a\n')
  await app.pass(3)
  expect(linesOf(app)).toEqual(['a'])
  expect(app.logged('warning').at(-1)).toMatchObject({ code: 'OBJECT_UNREADABLE' })
  world.versions.list = (...given) => listed.list(...given)
  await app.pass(4, MINUTE_MS)
  expect(linesOf(app)).toEqual(['a', 'before'])
})

test('many objects of tomorrow do not keep the application awake until then', async () => {
  const { app, world } = deploy({ existing: 'all' }, 200)
  await app.pass(2)
  for (let index = 0; index < 150; index++) {
    const version = world.versions.write(
      `tomorrow-${index}`,
      Buffer.from('x\n'),
      world.nowMs + 24 * 60 * MINUTE_MS,
    )
    await app.tell(`tomorrow-${index}`, version)
  }
  await app.pass(40, MINUTE_MS)
  expect((await world.head()).status).toBe('rest')
})

test('another bucket is listed from the beginning', async () => {
  const { app, world } = deploy({ existing: 'all' })
  await app.pass(30, MINUTE_MS)
  writeAll(world)
  const prefixed = { ...toBucket, kind: 'objects', bucket: BUCKET, prefix: 'in/' } as const
  world.versions.write('in/new', Buffer.from('new\n'), world.nowMs - 1)
  const other = new Deployed(pipelineWith({ existing: 'all' }), {
    world,
    generation: 2,
    sources: { 'textFileStream-1': prefixed },
  })
  await other.pass(5)
  expect(linesOf(other)).toEqual(['new'])
})

describe('each object counts once if calls fail during listing and reading', () => {
  const failures = (['compareAndSet', 'putAll', 'get'] as const).flatMap((call) =>
    ['app#head', 'app#obj', 'app#seg', 'app#in'].flatMap((to) =>
      [false, true].flatMap((applied) => [1, 4, 8].map((times) => ({ call, to, applied, times }))),
    ),
  )
  test.each(failures)('$call of $to fails $times times, applied: $applied', async (failure) => {
    const { app, world } = deploy({ existing: 'all' })
    writeAll(world)
    await app.trigger()
    for (let batch = 0; batch < 30; batch++) {
      if (batch % 2 === 0 && batch < 6) world.store.fail(failure)
      if (batch % 3 === 0) app.freeze()
      // Long enough for a lease to end, and for the pause after a failure.
      world.advance(2 * MINUTE_MS)
      await app.trigger().catch(() => undefined)
    }
    expect(linesOf(app)).toEqual(OBJECTS)
  })
})
