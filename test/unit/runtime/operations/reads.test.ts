/** What commands that only look read of an application with a long history. */
import { beforeAll, describe, expect, test } from 'vitest'
import { readBill } from '../../../../lib/runtime/operations/bill.ts'
import { examine } from '../../../../lib/runtime/operations/doctor/examine.ts'
import { readOverview } from '../../../../lib/runtime/operations/status.ts'
import { APP, NOW_MS, PageBed, recordOf } from '../../cli/ui/page-bed.ts'

const BATCHES = 8_000
const DAY_MS = 86_400_000
/** Of a machine that does much else. */
const SLOW_MS = 60_000
/** The doctor looks at no more. */
const EXAMINED = 5_000

const bed = new PageBed()
const { store, clock } = bed

const examined = (): Promise<unknown> =>
  examine({
    store,
    app: APP,
    clock,
    target: '--app clicks',
    isDeployed: true,
    fromMs: NOW_MS - DAY_MS,
    toMs: NOW_MS,
    sources: {},
  })

describe('of eight thousand batches, and twenty days', () => {
  beforeAll(async () => {
    await bed.head({ startedMs: NOW_MS - 20 * DAY_MS })
    for (let batch = 0; batch < BATCHES; batch++)
      await bed.batches(recordOf(NOW_MS - (BATCHES - batch) * 1_000, { usage: { writeUnits: 11 } }))
  }, SLOW_MS)

  test.each([
    // Dead letters have a partition for each day, of which three kinds of items are asked for.
    { what: 'status', read: () => readOverview(store, APP, NOW_MS), items: 50, queries: 70 },
    { what: 'doctor', read: examined, items: EXAMINED, queries: EXAMINED / 500 + 10 },
    {
      what: 'cost',
      read: () => readBill(store, APP, { fromMs: NOW_MS - 7 * DAY_MS, toMs: NOW_MS }),
      items: BATCHES,
      queries: BATCHES / 500 + 10,
    },
  ])('$what: each record once, in a bounded number of calls', async (row) => {
    const [items, queries] = [bed.items, bed.queries]
    await row.read()
    expect(bed.items - items).toBeLessThanOrEqual(row.items)
    expect(bed.queries - queries).toBeLessThanOrEqual(row.queries)
  })
})
