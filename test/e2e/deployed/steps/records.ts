import { expect } from 'vitest'
import { sayCounts } from '../world.ts'
import type { Step } from './step.ts'

const RECORDS = 10_000
const PAGES = 50

/** Lines of clicks: every other one of a page of its own, so that none stands in for another, and the rest of some that many click. */
export const clicksOf = (visitor: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${index % 2 === 0 ? `${visitor}/${index}` : `page-${index % PAGES}`} by ${visitor}-${index}`)

export const recordSteps: readonly Step[] = [
  {
    name: 'records of a stream count once, and the application finds its way to rest by its own clock',
    async run(world) {
      const lines = clicksOf('first', RECORDS)
      world.model.add(lines)
      await world.clicks.putRecords(lines)
      const counts = await world.settled({ hurry: false })
      expect(counts).toEqual({ counted: world.model.size, lost: 0, twice: 0 })
      return `${RECORDS.toLocaleString('en')} records over 2 shards: ${sayCounts(counts)}`
    },
  },
]
