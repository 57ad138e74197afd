import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { systemClock } from '../../../../lib/adapters/local/system-clock.ts'
import { resume } from '../../../../lib/runtime/operations/resume.ts'
import { type Overview, readOverview } from '../../../../lib/runtime/operations/status.ts'
import type { Application } from '../application.ts'
import { loggedTime, logsBatch, writesPart } from '../calls.ts'
import { killFunction } from '../processes.ts'
import { sayCounts, type World } from '../world.ts'
import { deployPrepared, EXAMPLE, prepare } from './deploy.ts'
import type { Step } from './step.ts'

const RECORDS = 500
const CHECK_EVERY_MS = 500
const root = join(import.meta.dirname, '..', '..', '..', '..')

/**
 * The example with other words in its files, and with few attempts, so that it fails without
 * waiting a quarter of an hour.
 */
const EDITS: readonly (readonly [find: string, replace: string])[] = [
  ['so far', 'and counting'],
  [
    '{ batchInterval: seconds(10) }',
    '{ batchInterval: seconds(10), retry: { for: seconds(1), attempts: 2 } }',
  ],
]

/** Written inside the package, like the example: both import it by its name. */
const changedExample = (): string => {
  const text = EDITS.reduce(
    (before, [find, replace]) => {
      expect(before.split(find), `"${find}" in the example`).toHaveLength(2)
      return before.replace(find, replace)
    },
    readFileSync(EXAMPLE, 'utf8'),
  )
  const folder = join(root, '.emulator')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'changed-example.ts')
  writeFileSync(path, text)
  return path
}

const lookAt = ({ store, app }: Application): Promise<Overview> =>
  readOverview(store, app, Date.now())

const waitingIn = ({ lanes }: Overview): number =>
  lanes.reduce((sum, { waitingRecords }) => sum + waitingRecords, 0)

const until = async (world: World, isSo: (overview: Overview) => boolean): Promise<Overview> => {
  for (;;) {
    const overview = await lookAt(world.clicks)
    if (isSo(overview)) return overview
    await world.clicks.trigger()
    await sleep(CHECK_EVERY_MS)
  }
}

/** The words in the files of the last batch. */
const wordsOf = async ({ results }: World): Promise<string> =>
  (await results.lastText()).includes('and counting') ? 'changed' : 'original'

export const changeSteps: readonly Step[] = [
  {
    name: 'changed code is deployed while a batch is logged, and the new generation runs it',
    async run(world) {
      const { gates, clicks, model, results } = world
      const before = await clicks.head()
      await prepare(world, 'changed', changedExample())
      const log = gates.driver.hold(logsBatch(clicks.app), 'after')
      await world.send('while code changes', RECORDS)
      const timeMs = loggedTime(await log.arrived)
      // The old code is held here for as long as the deployment takes.
      const open = gates.driver.close()
      await deployPrepared(world, 'changed')
      killFunction(clicks.driver)
      log.drop()
      open()
      const counts = await world.settled()
      const batch = (await results.batches()).find((one) => one.timeMs === timeMs)
      expect(counts).toEqual({ counted: model.size, lost: 0, twice: 0 })
      expect(batch?.fence?.generation).toBe((await clicks.head())?.generation)
      expect(batch?.fence?.generation).toBeGreaterThan(before?.generation ?? Infinity)
      return (
        `1 batch logged by the old code and run by the ${await wordsOf(world)} code: ` +
        `${sayCounts(counts)}`
      )
    },
  },
  {
    name:
      'a failing sink stops the application but not its intake, and after resume all is ' + 'there',
    async run(world) {
      const { gates, clicks, model, results } = world
      const mend = gates.driver.refuse(writesPart(results.bucket))
      await world.send('before the stop', RECORDS)
      const failed = await until(world, ({ head }) => head?.status === 'failed')
      expect(failed.head?.reason?.code).toBe('OUTPUT_FAILED')
      await world.send('after the stop', RECORDS)
      const stopped = await until(world, (overview) => waitingIn(overview) >= RECORDS)
      expect(stopped.head).toEqual(failed.head)
      mend()
      const { attempts } = await resume({
        store: clicks.store,
        app: clicks.app,
        clock: systemClock(),
      })
      const counts = await world.settled()
      expect(counts).toEqual({ counted: model.size, lost: 0, twice: 0 })
      return (
        `FAILED after ${attempts} attempts, ${waitingIn(stopped)} records taken in while it ` +
        `stood, resumed: ${sayCounts(counts)}`
      )
    },
  },
  {
    name: 'the old code is deployed again as a new generation',
    async run(world) {
      const { clicks, model } = world
      const before = await clicks.head()
      await prepare(world, 'rolled-back')
      await deployPrepared(world, 'rolled-back')
      await world.send('rolled back', RECORDS)
      const counts = await world.settled()
      const after = await clicks.head()
      expect(counts).toEqual({ counted: model.size, lost: 0, twice: 0 })
      expect(after?.generation).toBeGreaterThan(before?.generation ?? Infinity)
      expect(await wordsOf(world)).toBe('original')
      return (
        `rolled back to the ${await wordsOf(world)} code, as the newest of 3 generations: ` +
        `${sayCounts(counts)}`
      )
    },
  },
]
