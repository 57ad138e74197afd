import { expect, test } from 'vitest'
import { grows } from './flat.ts'
import { liveAYear, type Month } from './year.ts'

// The short form of `npm run growth`.
test('what an application keeps and reads does not grow with time', async () => {
  const months = await liveAYear({
    days: 150,
    daysInMonth: 30,
    objectsPerDay: 4,
    deliveriesPerDay: 1,
  })
  expect(grows(months, 3)).toEqual([])
  expect(months.map(({ isCounted }) => isCounted)).toEqual([true, true, true, true, true])
  expect(months.at(-1)).toMatchObject({ shards: 150, objects: 600, ledger: 600 })
}, 60_000)

test('growth is seen', () => {
  const month: Month = {
    month: 3,
    objects: 0,
    shards: 0,
    largestItem: 1_000,
    largestIn: '',
    head: 500,
    manifest: 1_000,
    coldCalls: 90,
    coldBytes: 50_000,
    items: 400,
    ledger: 0,
    isCounted: true,
  }
  expect(grows([month, { ...month, month: 4, head: 600, coldCalls: 95 }], 3)).toEqual([
    'month 4: head is 600, after 500',
  ])
  expect(grows([], 3)).toEqual(['there are not enough months'])
})
