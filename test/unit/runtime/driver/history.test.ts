/** What the driver notes in the history: once for a batch, and once more for a failed attempt. */
import { milliseconds, type StreamingContext } from 'millrace'
import { describe, expect, test } from 'vitest'
import type { ItemStore } from '../../../../lib/ports/item-store.ts'
import type { BatchRecord } from '../../../../lib/state/history/batch-record.ts'
import { historyPages, newestBatches } from '../../../../lib/state/history/read-history.ts'
import { APP, pipelineOf, START_MS, World } from '../harness.ts'

const SOURCE = 'socketTextStream-1'
const range = { fromMs: START_MS, toMs: START_MS + 60_000 }

const batchesIn = async ({ store }: World): Promise<readonly BatchRecord[]> =>
  newestBatches(store, APP, { ...range, limit: 100 })

const recordsIn = async ({ store }: World): Promise<readonly BatchRecord[]> => {
  const found: BatchRecord[] = []
  for await (const page of historyPages(store, APP, range)) found.push(...page)
  return found
}

/** Counts the puts of history items. */
const countPuts = ({ store }: World): { readonly puts: string[] } => {
  const puts: string[] = []
  const writable = store as { -readonly [K in keyof ItemStore]: ItemStore[K] }
  const put = store.put.bind(store)
  writable.put = async (key, item) => {
    if (key.partition.includes('#hist#')) puts.push(key.sort)
    return put(key, item)
  }
  return { puts }
}

const totals =
  (act: () => void = () => undefined) =>
  (ssc: StreamingContext): void => {
    const words = ssc.socketTextStream('localhost', 9999)
    words
      .mapToPair((word) => [word, 1])
      .updateStateByKey<number>((ones, total = 0) => total + ones.length)
      .foreachRDD(act)
    words.print()
  }

describe('the history', () => {
  test('costs one put for each batch', async () => {
    const world = new World()
    const { puts } = countPuts(world)
    const app = world.deploy(pipelineOf(totals(), { whenIdle: 'tick' }))
    await app.tick(5)
    expect(puts).toHaveLength(5)
    expect(new Set(puts).size).toBe(5)
  })

  test('says what a batch took, ran and left', async () => {
    const world = new World()
    const app = world.deploy(pipelineOf(totals(() => world.advance(30))))
    await app.run()
    world.advance(200)
    await app.append(SOURCE, 1, ['a', 'b', 'a'])
    world.advance(900)
    await app.run()
    const [batch] = await batchesIn(world)
    expect(batch).toMatchObject({
      timeMs: START_MS + 1_000,
      status: 'completed',
      attempt: 1,
      records: 3,
      startedMs: START_MS + 1_100,
      processingMs: 30,
      generation: 1,
      sources: [{ id: SOURCE, records: 3, appends: 1, lanes: [{ records: 3, lagMs: 900 }] }],
      outputs: [
        { id: 'foreachRDD-1', startMs: 0, ms: 30 },
        { id: 'print-1', startMs: 30, ms: 0 },
      ],
      states: [{ id: 'updateStateByKey-1', keys: 2 }],
    })
    expect(batch?.states?.[0]?.bytes).toBe(batch?.states?.[0]?.growth)
    expect(batch?.stages?.map(({ node, side }) => `${node} ${side}`)).toEqual(
      expect.arrayContaining(['updateStateByKey-1 state', 'updateStateByKey-1 exchange']),
    )
    // What is not known is left out.
    expect(batch).not.toHaveProperty('usage')
    expect(batch).not.toHaveProperty('reason')
    expect(batch).not.toHaveProperty('cut')
  })

  test('keeps each attempt that failed, with the place in the user\u2019s module', async () => {
    const world = new World()
    const { puts } = countPuts(world)
    let fails = 2
    const act = (): void => {
      if (fails-- > 0) throw new Error('the sink gave no answer')
    }
    const app = world.deploy(pipelineOf(totals(act)))
    await app.run()
    await app.append(SOURCE, 1, ['a'])
    world.advance(1_000)
    for (let tries = 0; tries < 3; tries++) {
      await app.run()
      world.advance(10_000)
    }
    const records = await recordsIn(world)
    const ofBatch = records.filter(({ timeMs }) => timeMs === START_MS + 1_000)
    expect(ofBatch.map(({ status, attempt }) => `${status} ${attempt}`)).toEqual([
      'failed 2',
      'failed 1',
      'completed 3',
    ])
    const [second] = ofBatch
    expect(second?.reason?.operator).toBe('foreachRDD-1')
    expect(second?.reason?.thrownAt).toContain('history.test.ts')
    expect(second?.outputs?.map(({ id, error }) => `${id}: ${error}`)).toEqual([
      'foreachRDD-1: the sink gave no answer',
    ])
    expect(second).not.toHaveProperty('isFinal')
    // The completed one says why the attempt before failed, and shows what ran in the last.
    expect(ofBatch[2]).toMatchObject({ reason: { operator: 'foreachRDD-1' }, attempt: 3 })
    expect(
      puts.filter((sort) => sort.startsWith(String(START_MS + 1_000).padStart(15, '0'))),
    ).toHaveLength(3)
  })

  test('marks the attempt after which the application has stopped', async () => {
    const world = new World()
    const act = (): never => {
      throw new Error('no')
    }
    const retry = { attempts: 2, for: milliseconds(1) }
    const app = world.deploy(pipelineOf(totals(act), { retry }))
    await app.run()
    await app.append(SOURCE, 1, ['a'])
    world.advance(1_000)
    await app.run()
    world.advance(5_000)
    await app.run()
    expect((await batchesIn(world))[0]).toMatchObject({ status: 'failed', isFinal: true })
  })
})
