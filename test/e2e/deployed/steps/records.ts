import { expect } from 'vitest'
import { sayCounts } from '../world.ts'
import type { Step } from './step.ts'

const RECORDS = 10_000

export const recordSteps: readonly Step[] = [
  {
    name: 'records of a stream count once, and the application goes to rest by its own ' + 'clock',
    async run(world) {
      await world.send('first', RECORDS)
      const counts = await world.settled({ hurry: false })
      expect(counts).toEqual({ counted: world.model.size, lost: 0, twice: 0 })
      return `${RECORDS.toLocaleString('en')} records over 2 shards: ${sayCounts(counts)}`
    },
  },
]
