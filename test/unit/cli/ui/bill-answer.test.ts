import { describe, expect, test } from 'vitest'
import { dollarsOf } from '../../../../lib/base/prices.ts'
import type { BillAnswer } from '../../../../page/answers.ts'
import { NOW_MS, PageBed, recordOf } from './page-bed.ts'

const at = (batch: number): number => NOW_MS - 60_000 + batch * 1_000
const usage = { writeUnits: 11, gigabyteSeconds: 0.2 }

describe('the bill', () => {
  test('is not there where nothing was counted, as on a laptop', async () => {
    const bed = new PageBed()
    await bed.head()
    await bed.batches(recordOf(at(0)), recordOf(at(1)))
    expect(await bed.json('/api/bill')).toEqual({})
  })

  test('adds up what all batches used, and what intake used between them', async () => {
    const bed = new PageBed({ how: 'deployed', standing: { alarms: 10, polledQueues: 1 } })
    await bed.head()
    const intake = [100, 130, 190]
    await bed.batches(
      ...intake.map((writeUnits, batch) =>
        recordOf(at(batch), { usage, intakeUsage: { writeUnits } }),
      ),
    )
    const bill = (await bed.json('/api/bill')) as BillAnswer
    expect(bill).toMatchObject({ batches: 3, records: 30, fromMs: at(0), toMs: at(2) })
    expect(bill.parts['intake']).toBeCloseTo(dollarsOf({ writeUnits: 90 }), 12)
    expect(bill.parts['standing']).toBeGreaterThan(0)
    expect(bill.timesMs).toEqual([at(0), at(1), at(2)])
    const own = dollarsOf(usage)
    const perBatch = [own, own + dollarsOf({ writeUnits: 30 }), own + dollarsOf({ writeUnits: 60 })]
    for (const [batch, dollars] of perBatch.entries())
      expect(bill.batchDollars[batch] ?? 0, `batch ${batch}`).toBeCloseTo(dollars, 12)
  })
})
