import { beforeEach, describe, expect, test } from 'vitest'
import { milliseconds, seconds, stream } from 'millrace'
import { memoryItemStore } from '../../../../lib/adapters/memory/memory-item-store.ts'
import {
  type MemoryObjects,
  memoryObjects,
} from '../../../../lib/adapters/memory/memory-objects.ts'
import type { ItemStore } from '../../../../lib/ports/item-store.ts'
import type { Operated } from '../../../../lib/runtime/operations/operated.ts'
import { resume } from '../../../../lib/runtime/operations/resume.ts'
import { skip } from '../../../../lib/runtime/operations/skip.ts'
import { readOverview } from '../../../../lib/runtime/operations/status.ts'
import { LocalBed, START_MS } from '../local-bed.ts'
import { ManualClock } from '../manual-clock.ts'

let store: ItemStore
let objects: MemoryObjects
let broken: boolean
let totals: readonly (readonly [string, number])[]

const pipeline = stream(
  'operated',
  { batchInterval: seconds(1), retry: { attempts: 1, for: milliseconds(1) } },
  (ssc) => {
    const counted = ssc
      .textFileStream('lines', { existing: 'all' })
      .mapToPair((line) => [line, 1])
      .updateStateByKey<number>((ones, total = 0) => total + ones.length)
    counted.foreachRDD(async (rdd) => {
      if (broken) throw new Error('no connection')
      totals = await rdd.collect()
    })
  },
)

const bed = (): LocalBed => new LocalBed({ pipeline, objects, store })
const operated = (): Operated => ({
  store,
  app: 'operated',
  clock: new ManualClock(START_MS + 50_000),
  randomness: { attemptId: () => 'operator' },
  leaseMs: 0,
})
const write = (key: string, lines: string, atMs: number): void =>
  objects.write(key, Buffer.from(lines), START_MS + atMs)

/** One good batch, then a batch that fails. `failures`: the number of runs; each run tries once. */
const failOnce = async (): Promise<void> => {
  write('good', 'a\n', -500)
  await bed().run({ once: true })
  write('bad', 'a\nb\n', -400)
  broken = true
  await bed().run({ once: true })
}
const failForGood = async (): Promise<void> => {
  await failOnce()
  const late = bed()
  late.clock.nowMs = START_MS + 40_000
  await late.run({ once: true })
}

beforeEach(() => {
  store = memoryItemStore()
  objects = memoryObjects()
  broken = false
  totals = []
})

describe('resume', () => {
  test('B9: lets the next run try the failed batch again', async () => {
    await failForGood()
    expect((await bed().head()).status).toBe('failed')
    expect(await bed().run()).toMatchObject({ kind: 'failed' })
    expect(await resume(operated())).toMatchObject({
      timeMs: START_MS + 2_000,
      reason: { code: 'USER_FUNCTION_FAILED' },
    })
    broken = false
    expect(await bed().run({ once: true })).toEqual({ kind: 'done' })
    expect(totals).toEqual([
      ['a', 2],
      ['b', 1],
    ])
  })

  test.each([
    { when: 'nothing has run', prepare: async () => undefined },
    { when: 'nothing has failed', prepare: async () => void (await bed().run({ once: true })) },
    { when: 'the batch is tried again anyway', prepare: failOnce },
  ])('is refused when $when', async ({ prepare }) => {
    await prepare()
    const before = await bed().head()
    await expect(resume(operated())).rejects.toMatchObject({ code: 'COMMAND_REFUSED' })
    expect(await bed().head()).toEqual(before)
  })
})

describe('skip', () => {
  test.each([
    { state: 'tried again', prepare: failOnce },
    { state: 'failed for good', prepare: failForGood },
  ])(
    'B2, B5, B6: commits the offsets of a batch that is $state, without its records',
    async ({ prepare }) => {
      await prepare()
      const skipped = await skip(operated())
      expect(skipped).toMatchObject({
        timeMs: START_MS + 2_000,
        held: ['1 file of textFileStream-1: bad'],
      })
      expect(await bed().head()).toMatchObject({ status: 'running', doneMs: START_MS + 2_000 })
      expect((await bed().head()).logged).toBeUndefined()

      broken = false
      write('next', 'c\n', -300)
      expect(await bed().run({ once: true })).toEqual({ kind: 'done' })
      expect(totals).toEqual([
        ['a', 1],
        ['c', 1],
      ])
      const { batches } = await readOverview(store, 'operated', START_MS + 60_000)
      expect(batches.map(({ timeMs, skipped: held }) => [timeMs - START_MS, held])).toEqual([
        [3_000, undefined],
        [2_000, '1 file of textFileStream-1: bad'],
        [1_000, undefined],
      ])
    },
  )

  test('skips the very first batch', async () => {
    write('bad', 'a\n', -400)
    broken = true
    await bed().run({ once: true })
    await skip(operated())
    broken = false
    write('next', 'c\n', -300)
    await bed().run({ once: true })
    expect(totals).toEqual([['c', 1]])
  })

  test('is refused when no batch is logged', async () => {
    await expect(skip(operated())).rejects.toMatchObject({ code: 'COMMAND_REFUSED' })
    await bed().run({ once: true })
    await expect(skip(operated())).rejects.toMatchObject({ code: 'COMMAND_REFUSED' })
  })

  test('is refused when the application continues in the meantime', async () => {
    await failOnce()
    const inner = store
    let moved = false
    const racing: ItemStore = {
      ...inner,
      async compareAndSet(key, seen, next) {
        if (!moved && next['owner'] === undefined && next['status'] === 'running') {
          moved = true
          broken = false
          await bed().run({ once: true })
        }
        return inner.compareAndSet(key, seen, next)
      },
    }
    await expect(skip({ ...operated(), store: racing })).rejects.toMatchObject({
      code: 'COMMAND_REFUSED',
    })
    expect(totals).toEqual([
      ['a', 2],
      ['b', 1],
    ])
  })
})
