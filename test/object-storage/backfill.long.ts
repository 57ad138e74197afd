/** What a backfill of 100,000 objects takes: `npm run test:long -- backfill`. */
import { expect, test } from 'vitest'
import { bed, type Counts, perObject, readAll, sumUpTo } from './backfill-bed.ts'

const OBJECTS = 100_000

test('100,000 objects that were there before cost as much each as 10,000', async () => {
  const costs: Counts[] = []
  for (const objects of [OBJECTS / 10, OBJECTS]) {
    const app = await bed(objects)
    const startMs = performance.now()
    await readAll(app, objects)
    const seconds = (performance.now() - startMs) / 1_000
    expect(app.seen()).toEqual({ lines: objects, sum: sumUpTo(objects) })
    const cost = perObject(app.counts, objects)
    costs.push(cost)
    process.stdout.write(
      `${objects} objects in ${seconds.toFixed(1)}s, for 1,000: ${JSON.stringify(cost)}\n`,
    )
  }
  const [few = {}, many = {}] = costs
  for (const [name, count] of Object.entries(many))
    expect(count, name).toBeLessThanOrEqual((few[name] ?? 0) + 1)
})
