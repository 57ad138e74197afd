import type { StreamOptions, TextFileStreamOptions } from 'millrace'
import { describe, expect, test } from 'vitest'
import { readLane } from '../../../../../lib/state/lanes.ts'
import type { PendingObject } from '../../../../../lib/state/offsets.ts'
import {
  APP,
  type Deployment,
  type DeployOptions,
  pipelineOf,
  START_MS,
  World,
} from '../../harness.ts'

const SOURCE = 'textFileStream-1'
const text = (line: string): Buffer => Buffer.from(`${line}\n`)

/** A pipeline over objects with notifications that keeps the lines of each batch. */
const linesOf = (
  options: Partial<StreamOptions> = {},
  files: TextFileStreamOptions = { existing: 'all' },
) => {
  const seen: (readonly [timeMs: number, lines: readonly string[]])[] = []
  const pipeline = pipelineOf((ssc) => {
    ssc.textFileStream('lines', files).foreachRDD(async (rdd, time) => {
      const lines = await rdd.collect()
      if (lines.length > 0) seen.push([time.milliseconds - START_MS, lines])
    })
  }, options)
  return { pipeline, seen }
}

/** The notifications of one delivery. Positions are assigned here: one lane, one feeder. */
class Notifier {
  readonly #app: Deployment
  #tail = 0

  constructor(app: Deployment) {
    this.#app = app
  }

  async tell(
    ...notifications: readonly (readonly [key: string, eventMs: number, version?: string])[]
  ): Promise<void> {
    const records = notifications.map(([key, eventMs, version]): PendingObject => ({
      key,
      eventMs: START_MS + eventMs,
      ...(version === undefined ? {} : { version }),
    }))
    await this.#app.append(SOURCE, this.#tail + 1, records, '@notifications')
    this.#tail += records.length
  }
}

const begin = async (
  options: Partial<StreamOptions> = {},
  deploy: DeployOptions = { bind: 'notifications' },
  files: TextFileStreamOptions = { existing: 'all' },
  itemBytesMax?: number,
) => {
  const world = new World(itemBytesMax === undefined ? {} : { itemBytesMax })
  const { pipeline, seen } = linesOf(options, files)
  const app = world.deploy(pipeline, deploy)
  await app.run()
  return { world, app, seen, pipeline, notifier: new Notifier(app) }
}

describe('objects with notifications', () => {
  test('an object is read once, even after many late notifications', async () => {
    const { world, app, seen, notifier } = await begin()
    world.uploads.write('a', text('to be'), START_MS + 100)
    await notifier.tell(['a', 100], ['a', 100])
    await app.tick(2)
    await notifier.tell(['a', 100])
    await app.tick(3)
    expect(seen).toEqual([[1_000, ['to be']]])
  })

  test('another, cold process does not read it again', async () => {
    const { world, app, seen, pipeline, notifier } = await begin()
    world.uploads.write('a', text('to be'), START_MS + 100)
    await notifier.tell(['a', 100])
    await app.tick()
    const other = world.deploy(pipeline, { bind: 'notifications', generation: 2 })
    await notifier.tell(['a', 100])
    await other.tick(2)
    expect(seen).toEqual([[1_000, ['to be']]])
  })

  test('an object of a later time waits for its batch, but others do not', async () => {
    const { world, app, seen, notifier } = await begin()
    world.uploads.write('later', text('later'), START_MS + 2_500)
    world.uploads.write('now', text('now'), START_MS + 500)
    await notifier.tell(['later', 2_500], ['now', 500])
    await app.tick(4)
    expect(seen).toEqual([
      [1_000, ['now']],
      [3_000, ['later']],
    ])
  })

  test('the later of modification and event counts, for multipart uploads', async () => {
    const { world, app, seen, notifier } = await begin()
    world.uploads.write('parts', text('parts'), START_MS - 3_600_000)
    await notifier.tell(['parts', 1_700])
    await app.tick(3)
    expect(seen).toEqual([[2_000, ['parts']]])
  })

  test('the last event of an overwritten object counts, not an early one', async () => {
    const { world, app, seen, notifier } = await begin({}, { bind: 'notifications' }, {})
    world.uploads.write('a', text('second, begun before the start'), START_MS - 500)
    await notifier.tell(['a', -2_000], ['a', 200])
    await app.tick(2)
    expect(seen).toEqual([[1_000, ['second, begun before the start']]])
  })

  test('an object that is gone before it is read is left out and reported', async () => {
    const { world, app, seen, notifier } = await begin()
    world.uploads.write('a', text('a'), START_MS + 100)
    world.uploads.write('b', text('b'), START_MS + 200)
    world.uploads.remove('a')
    await notifier.tell(['a', 100], ['b', 200])
    await app.tick(2)
    expect(seen).toEqual([[1_000, ['b']]])
    expect(app.eventsOf('objectSkipped')).toMatchObject([{ object: 'a' }])
  })

  test.each([
    { bind: 'notifications', batches: [[1_000, ['second']]] },
    {
      bind: 'versionedHints',
      batches: [[1_000, ['first', 'second']]],
    },
  ] as const)(
    'an overwritten object counts as often as it can still be read: $bind',
    async ({ bind, batches }) => {
      const { world, app, seen, notifier } = await begin({}, { bind })
      const objects = bind === 'notifications' ? world.uploads : world.versions
      const versions = [
        objects.write('a', text('first'), START_MS + 100),
        objects.write('a', text('second'), START_MS + 200),
      ]
      const told = versions.map(
        (version, index) =>
          ['a', 100 + 100 * index, ...(bind === 'notifications' ? [] : [version])] as const,
      )
      await notifier.tell(...(told as [string, number, string?][]))
      await app.tick(3)
      expect(seen).toEqual(batches)
    },
  )

  test('an object overwritten after it was read is new data', async () => {
    const { world, app, seen, notifier } = await begin()
    world.uploads.write('a', text('first'), START_MS + 100)
    await notifier.tell(['a', 100])
    await app.tick()
    world.uploads.write('a', text('second'), START_MS + 1_100)
    await notifier.tell(['a', 1_100])
    await app.tick()
    expect(seen).toEqual([
      [1_000, ['first']],
      [2_000, ['second']],
    ])
  })

  test.each([
    { told: [['a', 100]], later: [['a', 1_100]], what: 'in a later batch' },
    {
      told: [
        ['a', 100],
        ['a', 200],
      ],
      later: [],
      what: 'in the same batch',
    },
    {
      told: [
        ['a', 200],
        ['a', 100],
      ],
      later: [
        ['a', 1_100],
        ['a', 100],
      ],
      what: 'and notified in another order',
    },
  ] as const)(
    "with onOverwrite 'ignore' only the first upload of a key counts, $what",
    async ({ told, later }) => {
      const { world, app, seen, pipeline, notifier } = await begin(
        {},
        { bind: 'versionedHints' },
        { existing: 'all', onOverwrite: 'ignore' },
      )
      const versions = new Map<number, string>()
      const upload = (ms: number): string => {
        const version =
          versions.get(ms) ?? world.versions.write('a', text(`at ${ms}`), START_MS + ms)
        versions.set(ms, version)
        return version
      }
      for (const ms of [...told, ...later].map(([, at]) => at).toSorted((a, b) => a - b)) upload(ms)
      await notifier.tell(...told.map(([key, ms]) => [key, ms, upload(ms)] as const))
      await app.tick()
      await notifier.tell(...later.map(([key, ms]) => [key, ms, upload(ms)] as const))
      await app.tick(2)
      const cold = world.deploy(pipeline, { bind: 'versionedHints', generation: 2 })
      await cold.tick(2)
      expect(seen).toEqual([[1_000, ['at 100']]])
    },
  )

  test('a backlog is processed in limited batches, oldest first (B8)', async () => {
    const { world, app, seen, notifier } = await begin({ limits: { objects: 2 } })
    const keys = Array.from(
      { length: 20 },
      (_, index) => `object-${String(index).padStart(2, '0')}`,
    )
    keys.forEach((key, index) => world.uploads.write(key, text(key), START_MS + index))
    for (const [index, key] of keys.entries()) await notifier.tell([key, index])
    await app.tick(12)
    expect(seen.map(([, lines]) => lines.length)).toEqual(Array.from({ length: 10 }, () => 2))
    expect(seen.flatMap(([, lines]) => lines)).toEqual(keys)
  })

  test('a long backlog of notifications is in pages, read once and deleted', async () => {
    const options = { limits: { objects: 3 } }
    const { world, app, seen, notifier } = await begin(options, undefined, undefined, 8_192)
    const keys = Array.from({ length: 90 }, (_, index) => `object-${10 + index}`)
    keys.forEach((key, index) => world.uploads.write(key, text(key), START_MS + index))
    for (const [index, key] of keys.entries()) await notifier.tell([key, index])
    const lane = await readLane(world.store, APP, SOURCE, '@notifications')
    expect(lane?.pages.length).toBeGreaterThan(2)
    await app.tick(32)
    expect(seen.flatMap(([, lines]) => lines)).toEqual(keys)
    for (const index of [1, 2, 3, 4]) {
      await notifier.tell(['object-10', index])
      await app.tick()
    }
    const segments = world.store.keys().filter((key) => key.includes(`#seg#${SOURCE}/`))
    expect(segments.length).toBeLessThan(20)
  })

  test('later notifications drop consumed entries, and blocks are deleted', async () => {
    const { world, app, notifier } = await begin()
    for (let round = 0; round < 8; round++) {
      world.uploads.write(`a${round}`, text('a'), START_MS + round * 1_000)
      await notifier.tell([`a${round}`, round * 1_000])
      await app.tick()
    }
    const blocks = world.store.keys().filter((key) => key.includes(`#seg#${SOURCE}/`))
    expect(blocks.length).toBeLessThan(6)
  })
})
