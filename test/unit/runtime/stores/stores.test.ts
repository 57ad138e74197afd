/**
 * Stores that earlier versions have written, as files that never change: `format-N.jsonl`. Today's
 * code opens each of them, reads its states, and runs the next batches. What it gives is compared
 * with a plain loop.
 *
 * The newest format is written again, too. If a stored form changes, that test fails: then the
 * format of the store grows, and gets a file. See docs/internals/testing.md.
 */
import { zstdDecompressSync } from 'node:zlib'
import { openState } from 'millrace'
import { describe, expect, test } from 'vitest'
import { localStore } from '../../../../lib/access/local-store.ts'
import { headKey } from '../../../../lib/state/item-keys.ts'
import { APP, START_MS, World } from '../harness.ts'
import { copyItems, dumpIn, dumpWorld, inDirectory, layOut, type Row } from './store-dump.ts'
import {
  LAST_BATCH,
  linesOf,
  type Parts,
  show,
  Story,
  StoryModel,
  writeStory,
} from './store-story.ts'

const NEWEST = 7

/** The last batch that today's code runs. A file of a minute ends before it. */
const END = 170

const FORMATS = [
  [5, { hasTimes: false }],
  [6, { hasTimes: true }],
  [NEWEST, { hasTimes: true }],
] as const satisfies readonly (readonly [number, Parts])[]

const dumpFor = (format: number) => dumpIn(new URL(`format-${format}.jsonl`, import.meta.url))

/** A world whose store holds what was dumped, and whose clock stands where it stood. */
const worldOf = async (format: number): Promise<World> => {
  const dump = dumpFor(format)
  const world = new World({ startMs: START_MS + LAST_BATCH * 1_000 })
  await inDirectory(async (directory) => {
    layOut(dump, directory)
    const { store } = await localStore(directory)
    await copyItems(dump, store, world.store)
    store.close()
  })
  return world
}

const modelUpTo = (parts: Parts, batch: number): StoryModel => {
  const model = new StoryModel(parts)
  for (let one = 1; one <= batch; one++) model.run(one)
  return model
}

describe.each(FORMATS)('a store of format %i', (format, parts) => {
  test('is what its name says', async () => {
    const world = await worldOf(format)
    expect(await world.store.get(headKey(APP))).toMatchObject({ format })
    expect(dumpFor(format).rows.length).toBeGreaterThan(300)
  })

  test('shows its states from outside', async () => {
    const { totals, visits } = modelUpTo(parts, LAST_BATCH - 1)
    await inDirectory(async (directory) => {
      layOut(dumpFor(format), directory)
      const opened = await openState('totals', { directory })
      expect(opened.batchTime.milliseconds).toBe(START_MS + (LAST_BATCH - 1) * 1_000)
      const found: unknown[] = []
      for await (const [key, state] of opened) found.push([show(key), state])
      expect(found).toHaveLength(totals.size)
      expect(new Map(found as [string, unknown][])).toEqual(
        new Map(Array.from(totals, ([key, [, state]]) => [key, state])),
      )
      const [some] = totals.values()
      expect(await opened.get(some?.[0])).toEqual(some?.[1])
      opened.close()
      const counts = await openState('visits', { directory })
      expect(await counts.count()).toBe(visits.size)
      counts.close()
    })
  })

  test('goes on: the logged batch, what waits, then windows, states and timers', async () => {
    const world = await worldOf(format)
    const [finished] = (await world.head()).logged?.finished ?? []
    const { generation = 0, epoch = 0 } = finished ?? {}
    // The first process has written it. It is to be published with the commit.
    const lines = await world.files.open(
      { path: finished?.location.path ?? '', timeMs: finished?.timeMs ?? 0 },
      { app: APP, generation, epoch },
    )
    await lines.finish()

    const story = new Story(parts, world, 2_000)
    const model = modelUpTo(parts, LAST_BATCH)
    model.told.clear()
    // The other outputs of the logged batch are done: they are not written again.
    model.told.set(`last ${LAST_BATCH}`, [String(linesOf(LAST_BATCH).length)])
    model.run(LAST_BATCH + 1)
    world.advance(1_000)
    await story.run()
    for (let batch = LAST_BATCH + 2; batch <= END; batch++) {
      model.run(batch)
      await story.batch(batch)
    }
    expect(Object.fromEntries(story.told)).toEqual(Object.fromEntries(model.told))
    expect([...world.files.files().keys()]).toContain(
      `lines-${START_MS + LAST_BATCH * 1_000}/_SUCCESS`,
    )
    const rolled = Array.from({ length: 60 }, (_, batch) => linesOf(batch + 101)).flat()
    const file = world.files.files().get(`rolled-${START_MS + 160_000}/part-00000`) ?? []
    expect(Buffer.from(file).toString()).toBe(
      parts.hasTimes ? rolled.map((line) => `${line}\n`).join('') : '',
    )
    const deadLetters = (await world.deadLetters()).map(([, , data]) => data)
    expect(deadLetters.toSorted()).toEqual(
      [10, 130, 170, 50, 90].map((batch) => `bad line of ${batch}`),
    )
  })
})

/** The history has a form of its own, and nothing depends on it: see test/unit/state/history. */
const isCompared = ([partition]: Row): boolean => !partition.includes('#hist#')

/** A row whose bytes are not compressed: two versions of a compressor may differ. */
const plainRow = (row: Row): unknown => {
  const [partition, sort, attributes, bytes] = row
  if (!attributes.includes('"zstd"') || bytes === null) return row
  const plain = zstdDecompressSync(Buffer.from(bytes, 'base64')).toString('base64')
  return [partition, sort, attributes.replace(/\{"bytes":\d+\}/, ''), plain]
}

test('the newest format is what today\u2019s code writes', async () => {
  const world = new World()
  const parts: Parts = { hasTimes: true }
  const told = await writeStory(parts, world)
  const model = modelUpTo(parts, LAST_BATCH)
  model.told.delete(`last ${LAST_BATCH}`)
  expect(Object.fromEntries(told)).toEqual(Object.fromEntries(model.told))
  const { schema, rows } = await dumpWorld(world)
  const kept = dumpFor(NEWEST)
  expect(schema).toEqual(kept.schema)
  const compared = (all: readonly Row[]): readonly unknown[] => all.filter(isCompared).map(plainRow)
  expect(compared(rows)).toEqual(compared(kept.rows))
})
