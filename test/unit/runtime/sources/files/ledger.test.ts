import { seconds, type TextFileStreamOptions } from 'millrace'
import { expect, test } from 'vitest'
import { memoryItemStore } from '../../../../../lib/adapters/memory/memory-item-store.ts'
import type { ItemStore } from '../../../../../lib/ports/item-store.ts'
import { FileLedger } from '../../../../../lib/runtime/sources/files/ledger.ts'
import { pipelineOf, START_MS, World } from '../../harness.ts'

const PLACE = { app: 'app', source: 'in' }
const PARTITION = 'app#obj#in/files'

/** A store that counts what is read from it. */
const countingStore = () => {
  const store = memoryItemStore()
  const counts = { items: 0, bytes: 0, queries: 0 }
  const counting: ItemStore = {
    ...store,
    async query(partition, query) {
      const found = await store.query(partition, query)
      counts.queries += 1
      counts.items += found.length
      counts.bytes += found.reduce((total, { item }) => total + String(item['files']).length, 0)
      return found
    },
  }
  return { store: counting, counts }
}

const fileAt = (index: number, takenMs: number) => ({
  key: `logs/part-${index}.txt`,
  modifiedMs: takenMs - 1,
  takenMs,
})

test('under a rule of time, neither store, memory nor a cold start grow with history', async () => {
  const { store, counts } = countingStore()
  const ledger = new FileLedger({ store, ...PLACE })
  const hour = 3_600_000
  let taken = 0
  const shown: { items: number; size: number; read: { items: number; queries: number } }[] = []
  for (let day = 1; day <= 4; day += 1) {
    for (let batch = 0; batch < 24; batch += 1) {
      const timeMs = START_MS + (day * 24 + batch) * hour
      const files = Array.from({ length: 1_500 }, (_, n) => fileAt(taken + n, timeMs))
      taken += files.length
      await ledger.entries(taken - files.length, timeMs - 2 * hour)
      await ledger.record(files, timeMs, taken)
      ledger.forget(timeMs - 2 * hour)
      await ledger.drop(timeMs - 24 * hour)
    }
    const before = { ...counts }
    const cold = new FileLedger({ store, ...PLACE })
    const timeMs = START_MS + (day * 24 + 23) * hour
    await cold.entries(taken, timeMs - 2 * hour)
    const read = { items: counts.items - before.items, queries: counts.queries - before.queries }
    shown.push({ items: (await store.query(PARTITION)).length, size: cold.size, read })
    expect(ledger.size).toBe(cold.size)
  }
  expect(taken).toBe(4 * 24 * 1_500)
  expect(shown[2]).toEqual(shown[1])
  expect(shown[3]).toEqual(shown[1])
  expect(shown[3]?.size).toBe(2 * 1_500)
  expect(shown[3]?.read.items).toBeLessThan(10)
})

test('where every file matters, entries are joined, and a cold start reads few items', async () => {
  const { store, counts } = countingStore()
  const ledger = new FileLedger({ store, ...PLACE })
  await ledger.entries(0, -Infinity)
  const batches = 5_000
  for (let index = 0; index < batches; index += 1) {
    await ledger.record([fileAt(index, START_MS + index)], START_MS + index, index + 1)
    await ledger.fold()
  }
  const stored = await store.query(PARTITION)
  expect(stored.length).toBeLessThan(64 + 5)
  counts.items = 0
  const cold = new FileLedger({ store, ...PLACE })
  const entries = await cold.entries(batches, -Infinity)
  expect(counts.items).toBe(stored.length)
  expect(entries.size).toBe(batches)
  expect(entries.get('logs/part-17.txt')).toEqual({
    modifiedMs: START_MS + 16,
    takenMs: START_MS + 17,
  })
  // Reading from a time on finds entries in joined items too.
  const recent = await new FileLedger({ store, ...PLACE }).entries(batches, START_MS + batches - 3)
  expect(recent.has(`logs/part-${batches - 1}.txt`)).toBe(true)
})

test('two processes that join at once, at any moment, lose no entry', async () => {
  const store = memoryItemStore()
  const one = new FileLedger({ store, ...PLACE })
  for (let index = 0; index < 70; index += 1)
    await one.record([fileAt(index, START_MS + index)], START_MS + index, index + 1)
  const two = new FileLedger({ store, ...PLACE })
  await two.entries(70, -Infinity)
  await one.record([fileAt(70, START_MS + 70)], START_MS + 70, 71)
  await Promise.all([one.fold(), two.fold()])
  await two.fold()
  const all = await new FileLedger({ store, ...PLACE }).entries(71, -Infinity)
  expect(all.size).toBe(71)
})

test('a batch of many files with long names is a few items, each within the limit', async () => {
  const store = memoryItemStore()
  const files = Array.from({ length: 5_000 }, (_, n) => ({
    ...fileAt(n, START_MS),
    key: `${'\u00e9'.repeat(200)}/${n}`,
  }))
  await new FileLedger({ store, ...PLACE }).record(files, START_MS, files.length)
  expect((await store.query(PARTITION)).length).toBeLessThan(15)
  const read = await new FileLedger({ store, ...PLACE }).entries(files.length, -Infinity)
  expect(read.size).toBe(5_000)
})

const watching = (files: TextFileStreamOptions, whenIdle: 'rest' | 'tick' = 'tick') => {
  const seen: string[] = []
  const pipeline = pipelineOf(
    (ssc) =>
      ssc.textFileStream('in', files).foreachRDD(async (rdd) => {
        for (const line of await rdd.collect()) seen.push(line)
      }),
    { whenIdle },
  )
  return { pipeline, seen }
}

test.each<[string, TextFileStreamOptions]>([
  ['a rule of time', {}],
  ['every file', { existing: 'all' }],
  ['each change', { onOverwrite: 'new' }],
])('%s: two processes that take turns take each file once', async (_, files) => {
  const { pipeline, seen } = watching(files)
  const world = new World({ startMs: START_MS + 1 })
  const processes = [world.deploy(pipeline), world.deploy(pipeline)] as const
  await processes[0].run()
  for (let turn = 0; turn < 12; turn += 1) {
    world.write(`f${turn}`, world.nowMs + 1 - START_MS)
    world.advance(1_000)
    await processes[turn % 3 === 0 ? 1 : 0].run()
  }
  world.advance(2_000)
  await processes[0].run()
  expect(seen.toSorted()).toEqual(Array.from({ length: 12 }, (__, turn) => `f${turn}`).toSorted())
})

test('a process that retries the batch of another one knows what that one had taken', async () => {
  let isFailing = false
  const seen: string[] = []
  const pipeline = pipelineOf(
    (ssc) =>
      ssc.textFileStream('in').foreachRDD(async (rdd) => {
        const lines = await rdd.collect()
        if (isFailing) throw new Error('not now')
        for (const line of lines) seen.push(line)
      }),
    { whenIdle: 'tick' },
  )
  const world = new World({ startMs: START_MS + 1 })
  const [one, two] = [world.deploy(pipeline), world.deploy(pipeline)]
  const next = async (app: typeof one, name: string): Promise<void> => {
    world.write(name, world.nowMs + 1 - START_MS)
    world.advance(1_000)
    await app.run()
  }
  await one.run()
  await next(one, 'a')
  await next(two, 'b')
  isFailing = true
  await next(two, 'c')
  isFailing = false
  world.advance(2_000)
  await one.run()
  await next(one, 'd')
  expect(seen).toEqual(['a', 'b', 'c', 'd'])
})

test('files of a rule of time are not taken again when all files are wanted later', async () => {
  const world = new World({ startMs: START_MS + 1 })
  world.write('existing', -5_000)
  const first = watching({ remember: seconds(2) }, 'rest')
  const app = world.deploy(first.pipeline)
  await app.run()
  for (const name of ['a', 'b']) {
    world.advance(48 * 3_600_000)
    world.write(name, world.nowMs - START_MS)
    world.advance(1_000)
    await app.run()
  }
  expect(first.seen).toEqual(['a', 'b'])
  // The entry of the first file has left the store.
  const stored = await world.store.query('app#obj#textFileStream-1/files')
  expect(stored.map(({ item }) => String(item['files']).includes('"a"'))).toEqual([false])
  const second = watching({ existing: 'all' }, 'rest')
  const later = world.deploy(second.pipeline, { generation: 2 })
  world.write('c', world.nowMs - START_MS)
  world.advance(2_000)
  await later.run()
  expect(second.seen).toEqual(['existing', 'c'])
})

test('a path that was taken twice has its newest entry, in any order of the items', async () => {
  const store = memoryItemStore()
  const ledger = new FileLedger({ store, ...PLACE })
  await ledger.record([{ key: 'a', modifiedMs: 1, takenMs: 20 }], START_MS, 1)
  await ledger.record([{ key: 'a', modifiedMs: 2, takenMs: 10 }], START_MS + 1, 2)
  const entries = await new FileLedger({ store, ...PLACE }).entries(2, -Infinity)
  expect(entries.get('a')).toEqual({ modifiedMs: 1, takenMs: 20 })
})

test('entries that are joined are found from the newest of their times on', async () => {
  const store = memoryItemStore()
  const ledger = new FileLedger({ store, ...PLACE })
  await ledger.entries(0, -Infinity)
  const batches = 64
  for (let index = 0; index < batches; index += 1)
    await ledger.record([fileAt(index, START_MS + index)], START_MS + index, index + 1)
  await ledger.fold()
  expect(await store.query(PARTITION)).toHaveLength(1)
  // Folding what is folded already changes nothing.
  await ledger.fold()
  const last = START_MS + batches - 1
  const found = await new FileLedger({ store, ...PLACE }).entries(batches, last - 1)
  expect([...found.keys()]).toContain(fileAt(batches - 1, last).key)
})
