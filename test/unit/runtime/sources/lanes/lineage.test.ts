import { describe, expect, test } from 'vitest'
import { type Deployment, pipelineOf, World } from '../../harness.ts'

const SOURCE = 'kinesisTextStream-1'

/**
 * Shard 0 was split into 1 and 2, which were merged into 3; shard 9 has nothing to do with them.
 */
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

/** Some appends to a lane: records are called by their lane and their number. */
const append = async (app: Deployment, lane: string, count: number, first = 1): Promise<void> => {
  for (let position = first; position < first + count; position++)
    await app.append(SOURCE, position, [`${lane}.${position}`], lane)
}

/** That whatever is of a parent came before all that is of its children. */
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

  test('and a lane that is no relation is not kept waiting', async () => {
    const { app, batches } = await started(4)
    for (const lane of ['0', '1', '9']) await append(app, lane, 6)
    await app.tick()
    expect(batches[0]).toEqual(['0.1', '0.2', '9.1', '9.2'])
  })

  test('also where the lanes were read at different moments', async () => {
    const { world, app, batches } = await started(100)
    await append(app, '0', 2)
    const query = world.store.query.bind(world.store)
    let isLate = false
    // The parent is read; then it gets its last record, and the child its first one; then the child
    // is read.
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

  test('a parent that was never read, or is gone, holds nobody up', async () => {
    const { app, batches } = await started(100)
    await append(app, '3', 2)
    await app.tick()
    expect(batches[0]).toEqual(['3.1', '3.2'])
  })
})

describe('a lane', () => {
  test('is asked for its parents when it is new, and keeps them', async () => {
    const { world, app, asked } = await started(100)
    await append(app, '1', 3)
    const other = world.deploy(
      pipelineOf((ssc) => ssc.kinesisTextStream('clicks').print()),
      { bind: 'lanes', parentsOf: () => Promise.reject(new Error('asked again')) },
    )
    await append(other, '1', 1, 4)
    expect(asked).toEqual(['1'])
  })

  test('whose parents cannot be told is not begun: its records come again', async () => {
    const { world, app } = await started(100)
    const cut = world.deploy(
      pipelineOf((ssc) => ssc.kinesisTextStream('clicks').print()),
      { bind: 'lanes', parentsOf: () => Promise.reject(new Error('not now')) },
    )
    await expect(append(cut, '1', 1)).rejects.toThrow('not now')
    await append(app, '1', 1)
    expect(await app.intake(SOURCE).tail('1')).toBe('1')
  })
})
