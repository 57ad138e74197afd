/**
 * `existing: 'all'` over many objects that were there before: how many requests it makes, that they
 * do not grow with what was read before, and that its progress is told.
 */
import { describe, expect, test } from 'vitest'
import { bed, type Counts, perObject, readAll, sumUpTo } from './backfill-bed.ts'

describe('objects that were there before', () => {
  test('each costs the same, however many there are', async () => {
    const costs: Counts[] = []
    for (const objects of [5_000, 20_000]) {
      const app = await bed(objects)
      await readAll(app, objects)
      expect(app.seen()).toEqual({ lines: objects, sum: sumUpTo(objects) })
      costs.push(perObject(app.counts, objects))
    }
    const [few = {}, many = {}] = costs
    // One question, one look at the ledger, one read and one entry for each, and a list for 1,000.
    expect(many).toMatchObject({ head: 1_000, read: 1_000, list: 1 })
    for (const [name, count] of Object.entries(many))
      expect(count, name).toBeLessThanOrEqual((few[name] ?? 0) + 1)
  })

  test('new objects cost the same beside them, and sweeps ask nothing about them', async () => {
    const spent: Counts[] = []
    for (const objects of [1_000, 8_000]) {
      const app = await bed(objects)
      await readAll(app, objects)
      app.pass(20 * 60_000)
      for (let calls = 0; calls < 5; calls++) await app.call()
      app.pass(2 * 3_600_000)
      for (const name of Object.keys(app.counts)) app.counts[name] = 0
      for (let calls = 0; calls < 5; calls++) await app.call()
      spent.push({ ...app.counts })
    }
    const [few, many] = spent
    expect(few).toMatchObject({ head: 0, read: 0, list: 1 })
    // A sweep lists all names, a thousand at a time, and does nothing else with them.
    const same = (counts: Counts = {}): Counts => ({ ...counts, list: 0, deleteAll: 0 })
    expect(same(many)).toEqual(same(few))
    expect(many).toMatchObject({ list: 8 })
  })

  test('their progress is told, and status shows it', async () => {
    const app = await bed(2_500)
    const told: unknown[] = []
    for (let calls = 0; calls < 2; calls++) await app.call()
    told.push((await app.overview()).files)
    await readAll(app, 2_500)
    await app.call()
    told.push((await app.overview()).files)
    expect(told).toEqual([
      [
        {
          source: 'lines',
          backfill: { listed: 1_000, found: 1_000 },
          after: 'in/1898',
          pending: 0,
        },
      ],
      [
        {
          source: 'lines',
          backfill: { listed: 2_500, found: 2_500, doneMs: expect.any(Number) as number },
          pending: 0,
        },
      ],
    ])
    expect(app.log.filter(({ event }) => event === 'backfill')).toMatchObject([
      {
        event: 'backfill',
        source: 'lines',
        listed: 1_000,
        found: 1_000,
        isDone: false,
        after: 'in/1898',
      },
      {
        event: 'backfill',
        source: 'lines',
        listed: 2_000,
        found: 2_000,
        isDone: false,
        after: 'in/548',
      },
      { event: 'backfill', source: 'lines', listed: 2_500, found: 2_500, isDone: true },
    ])
  })
})
