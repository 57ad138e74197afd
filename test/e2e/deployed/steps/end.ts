import { ListEventSourceMappingsCommand, ListFunctionsCommand } from '@aws-sdk/client-lambda'
import { join } from 'node:path'
import { expect } from 'vitest'
import { lambdaClient } from '../application.ts'
import { destroy } from '../cdk.ts'
import { sayCounts, type World } from '../world.ts'
import { STACKS } from './deploy.ts'
import { deleteMapping } from './mapping.ts'
import type { Step } from './step.ts'

const sumOf = (totals: ReadonlyMap<string, number>): number =>
  totals.values().reduce((sum, total) => sum + total, 0)

/**
 * Each batch has added exactly the records in its history. A batch whose driver crashed after the
 * commit may have no history.
 */
const checkBatches = async ({ clicks, results }: World): Promise<number> => {
  const batches = await results.batches()
  const head = await clicks.head()
  let before = 0
  let epoch = { generation: 0, epoch: 0 }
  for (const batch of batches) {
    const { timeMs, names, fence } = batch
    expect(timeMs, 'a batch has files but is not committed').toBeLessThanOrEqual(head?.doneMs ?? 0)
    expect(names, `the files of ${timeMs}`).toEqual(
      names.map((_, part) => `part-${String(part).padStart(5, '0')}`),
    )
    expect(fence, `the files of ${timeMs} are complete`).toMatchObject({ app: clicks.app })
    expect(fence?.epoch, `the attempt that wrote ${timeMs}`).toBeGreaterThan(epoch.epoch)
    expect(fence?.generation).toBeGreaterThanOrEqual(epoch.generation)
    epoch = fence as typeof epoch
    const sum = sumOf(await results.totals(batch))
    const history = await clicks.history(timeMs)
    if (history !== undefined)
      expect(sum - before, `the records that ${timeMs} has added`).toBe(history.records)
    before = sum
  }
  return batches.length
}

export const endSteps: readonly Step[] = [
  {
    name: 'at the end every total is exact, and each batch has its files once',
    async run(world) {
      const counts = await world.settled()
      expect(counts).toEqual({ counted: world.model.size, lost: 0, twice: 0 })
      const batches = await checkBatches(world)
      return `${sayCounts(counts)}; ${batches} batches, each with its files once`
    },
  },
  {
    name: 'the stacks are destroyed, retained resources stay, and no process is left',
    async run(world) {
      const before = await world.clicks.head()
      // The mapping that replaced the stack's own.
      await deleteMapping(world.clicks)
      await destroy(world.gates.front.endpoint, join(world.folder, 'first'), STACKS)
      const { Functions = [] } = await lambdaClient().send(new ListFunctionsCommand({}))
      const { EventSourceMappings = [] } = await lambdaClient().send(
        new ListEventSourceMappingsCommand({}),
      )
      expect([Functions, EventSourceMappings]).toEqual([[], []])
      expect(await world.clicks.head(), 'the table is retained').toEqual(before)
      const left = await world.stop()
      expect(left).toEqual([])
      return (
        `${STACKS.length} stacks destroyed, 0 functions and 0 event source mappings left, the ` +
        `table kept, ${left.length} processes left`
      )
    },
  },
]
