import { describe, expect, test } from 'vitest'
import { type Deployment, pipelineOf, World } from '../../harness.ts'

const SOURCE = 'kinesisTextStream-1'

/** Shard 0 was split into 1 and 2, which were merged into 3. Shard 9 is not related to them. */
const PARENTS: Readonly<Record<string, readonly string[]>> = { 1: ['0'], 2: ['0'], 3: ['1', '2'] }

const started = async (records: number) => {
  const world = new World()
  const batches: string[][] = []
  const asked: string[] = []
  const app = world.deploy(
    pipelineOf(
      (ssc) =>
        ssc
          .kinesisTextStream('clicks')
          .foreachRDD(async (rdd) => void batches.push((await rdd.collect()) as string[])),
      {
        limits: { records },
      },
    ),
    {
      bind: 'lanes',
      parentsOf: async (lane) => {
        asked.push(lane)
        return PARENTS[lane] ?? []
      },
    },
  )
  await app.run()
  return { world, app, batches, asked }
}

/** Some appends to a lane. Records are named by their lane and their number. */
const append = async (app: Deployment, lane: string, count: number, first = 1): Promise<void> => {
  for (let position = first; position < first + count; position++)
    await app.append(SOURCE, position, [`${lane}.${position}`], lane)
}

/** Expects all records of a parent before those of its children. */
const expectLineage = (seen: readonly string[]): void => {
  for (const [child, parents] of Object.entries(PARENTS))
    for (const parent of parents) {
      const firstOfChild = seen.findIndex((name) => name.startsWith(`${child}.`))
      const lastOfParent = seen.findLastIndex((name) => name.startsWith(`${parent}.`))
      if (firstOfChild !== -1) expect(lastOfParent).toBeLessThan(firstOfChild)
    }
}

describe('records of a parent come before those of its children', () => {
  test.each([1, 2, 3, 5, 100])('with at most %i records in a batch', async (limit) => {
    const { app, batches } = await started(limit)
    for (const lane of ['0', '9', '1', '2', '3']) await append(app, lane, 4)
    await app.tick(25)
    const seen = batches.flat()
    expect(seen).toHaveLength(20)
    expectLineage(seen)
  })

  test.each([1, 2, 100])('also over shards without records, %i in a batch', async (limit) => {
    const { app, batches } = await started(limit)
    for (const lane of ['0', '3']) await append(app, lane, 4)
    await app.tick(10)
    expect(batches.flat()).toEqual(['0.1', '0.2', '0.3', '0.4', '3.1', '3.2', '3.3', '3.4'])
  })

  test('and an unrelated lane does not wait', async () => {
    const { app, batches } = await started(4)
    for (const lane of ['0', '1', '9']) await append(app, lane, 6)
    await app.tick()
    expect(batches[0]).toEqual(['0.1', '0.2', '9.1', '9.2'])
  })

  test('even if the lanes were read at different times', async () => {
    const { world, app, batches } = await started(100)
    await append(app, '0', 2)
    const query = world.store.query.bind(world.store)
    let isLate = false
    // The parent is read. Then the parent gets its last record, and the child its first. Then the
    // child is read.
    Object.assign(world.store, {
      query: async (...asked: Parameters<typeof query>) => {
        const before = await query(...asked)
        if (isLate || before.length === 0 || !before[0]!.partition.includes('#in#')) return before
        isLate = true
        await append(app, '0', 1, 3)
        await append(app, '1', 1)
        return [...before, ...(await query(...asked)).filter(({ sort }) => sort.endsWith('#1'))]
      },
    })
    await app.tick(2)
    expect(batches.flat()).toEqual(['0.1', '0.2', '0.3', '1.1'])
  })

  test('no lane waits for a parent that was never read or is gone', async () => {
    const { app, batches } = await started(100)
    await append(app, '3', 2)
    await app.tick()
    expect(batches[0]).toEqual(['3.1', '3.2'])
  })
})

describe('a lane', () => {
  test('gets its parents when it is new, and keeps them', async () => {
    const { world, app, asked } = await started(100)
    await append(app, '1', 3)
    const other = world.deploy(
      pipelineOf((ssc) => ssc.kinesisTextStream('clicks').print()),
      { bind: 'lanes', parentsOf: () => Promise.reject(new Error('asked again')) },
    )
    await append(other, '1', 1, 4)
    // Shard 0 has no lane, so its own parents are asked for too.
    expect(asked).toEqual(['1', '0'])
  })

  test('with unknown parents is not created: its records come again', async () => {
    const { world, app } = await started(100)
    const cutOff = world.deploy(
      pipelineOf((ssc) => ssc.kinesisTextStream('clicks').print()),
      { bind: 'lanes', parentsOf: () => Promise.reject(new Error('not now')) },
    )
    await expect(append(cutOff, '1', 1)).rejects.toThrow('not now')
    await append(app, '1', 1)
    expect(await app.intake(SOURCE).tail('1')).toBe('1')
  })
})
