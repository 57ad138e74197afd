import type { Pipeline, TextFileStreamOptions } from 'millrace'
import { describe, expect, test } from 'vitest'
import { pipelineOf, World } from '../runtime/harness.ts'
import { BUCKET, Deployed, toBucket } from './deployed.ts'

const MINUTE_MS = 60_000
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

    test('the location is never listed again after that', async () => {
      const { app, world } = deploy(files)
      const pages = countPages(world)
      await app.pass(20, MINUTE_MS)
      const listed = pages()
      await app.pass(100, MINUTE_MS)
      expect(pages()).toBe(listed)
    })
  },
)

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
