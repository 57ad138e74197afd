import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { nextBatchTime } from '../../../../lib/runtime/driver/schedule.ts'
import { commits, loggedTime, logsBatch, writesFile } from '../calls.ts'
import type { Held } from '../gate.ts'
import { OutsideDriver } from '../outside-driver.ts'
import { sayCounts, type World } from '../world.ts'
import { STACKS } from './deploy.ts'
import type { Step } from './step.ts'

const RECORDS = 500
const INTERVAL_MS = 10_000
const ZOMBIE_MS = 3_000
const CHECK_EVERY_MS = 100
const CLOSED_BEFORE_MS = 300

const untilAwake = async ({ clicks }: World): Promise<number> => {
  for (;;) {
    const head = await clicks.head()
    if (head?.status === 'running') return nextBatchTime(head, INTERVAL_MS)
    await sleep(CHECK_EVERY_MS)
  }
}

/** The content of the files of all batches. */
const allFiles = async ({ results }: World): Promise<readonly unknown[]> =>
  Promise.all(
    (await results.batches()).map(async (batch) => [batch, [...(await results.totals(batch))]]),
  )

/**
 * A driver of the deployed code takes the lease, stops where `where` says, and goes on long after
 * another driver has run the batch.
 */
const zombieStep = (name: string, where: (world: World, log: Held) => Promise<Held>): Step => ({
  name,
  async run(world) {
    const { gates, clicks, model, folder } = world
    await world.send(name, RECORDS)
    const dueMs = await untilAwake(world)
    await sleep(Math.max(0, dueMs - CLOSED_BEFORE_MS - Date.now()))
    // The deployed driver has to wait while another one takes the lease.
    const open = gates.driver.close()
    await sleep(Math.max(0, dueMs - Date.now()))
    const log = gates.zombie.hold(logsBatch(clicks.app), 'after')
    const place = {
      folder: join(folder, 'first'),
      stack: STACKS[0] as string,
      endpoint: gates.zombie.endpoint,
      remainingMs: ZOMBIE_MS,
    }
    const zombie = await OutsideDriver.call(clicks, place)
    const timeMs = loggedTime(await log.arrived)
    const held = await where(world, log)
    zombie.stop()
    open()
    const counts = await world.settled()
    expect(counts).toEqual({ counted: model.size, lost: 0, twice: 0 })
    const [files, head] = [await allFiles(world), await clicks.head()]
    expect(head?.doneMs).toBeGreaterThanOrEqual(timeMs)

    held.letGo()
    const said = await zombie.goOn()
    expect(said).toContain('"event":"batchStarted"')
    expect(said).not.toContain('"event":"batchCompleted"')
    expect(await clicks.head()).toEqual(head)
    expect(await allFiles(world)).toEqual(files)
    return `${name}: 0 of ${files.length} batches' files changed, ${sayCounts(counts)}`
  },
})

export const zombieSteps: readonly Step[] = [
  zombieStep(
    'a driver stopped past its lease before its first output',
    async ({ gates, results }, log) => {
      const held = gates.zombie.hold(writesFile(results.bucket), 'before')
      log.letGo()
      await held.arrived
      return held
    },
  ),
  zombieStep(
    'a driver stopped past its lease between outputs and commit',
    async ({ gates, clicks }, log) => {
      const held = gates.zombie.hold(commits(clicks.app, loggedTime(await log.arrived)), 'before')
      log.letGo()
      await held.arrived
      return held
    },
  ),
]
