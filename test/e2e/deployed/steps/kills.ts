import { expect } from 'vitest'
import { appends, commits, loggedTime, logsBatch } from '../calls.ts'
import type { Held } from '../gate.ts'
import { killFunction } from '../processes.ts'
import { sayCounts, type World } from '../world.ts'
import type { Step } from './step.ts'

const RECORDS = 500

/** A function that is stopped at some moment. Its held call never takes effect. */
interface Caught {
  readonly held: Held
  readonly functionName: string
  /** The time of the batch that it is running. */
  readonly timeMs?: number
}

interface Moment {
  readonly name: string
  readonly come: (world: World) => Promise<Caught>
  /**
   * The attempt that the history of the batch names. Undefined: the batch was committed, and then
   * no attempt writes its history.
   */
  readonly attempt?: number
}

const intakeAt =
  (when: 'before' | 'after'): Moment['come'] =>
  async ({ gates, clicks }) => {
    const held = gates.intake.hold(appends(clicks.app), when)
    await held.arrived
    return { held, functionName: clicks.intake }
  }

const driverAtCommit =
  (when: 'before' | 'after'): Moment['come'] =>
  async ({ gates, clicks }) => {
    const log = gates.driver.hold(logsBatch(clicks.app), 'after')
    const timeMs = loggedTime(await log.arrived)
    const held = gates.driver.hold(commits(clicks.app, timeMs), when)
    log.letGo()
    await held.arrived
    return { held, functionName: clicks.driver, timeMs }
  }

const moments: readonly Moment[] = [
  { name: 'intake is killed before its append takes effect', come: intakeAt('before') },
  {
    name: 'intake is killed after its append has taken effect, before the answer',
    come: intakeAt('after'),
  },
  {
    name: 'the driver is killed between log and outputs',
    async come({ gates, clicks }) {
      const held = gates.driver.hold(logsBatch(clicks.app), 'after')
      return { held, functionName: clicks.driver, timeMs: loggedTime(await held.arrived) }
    },
    attempt: 2,
  },
  {
    name: 'the driver is killed between outputs and commit',
    come: driverAtCommit('before'),
    attempt: 2,
  },
  {
    name: 'the driver is killed after its commit has taken effect, before the answer',
    come: driverAtCommit('after'),
  },
]

export const killSteps: readonly Step[] = moments.map(({ name, come, attempt }) => ({
  name,
  async run(world) {
    const coming = come(world)
    await world.send(name, RECORDS)
    const { held, functionName, timeMs } = await coming
    const killed = killFunction(functionName)
    held.drop()
    expect(killed).toBeGreaterThan(0)
    const counts = await world.settled()
    expect(counts).toEqual({ counted: world.model.size, lost: 0, twice: 0 })
    if (timeMs !== undefined)
      expect((await world.clicks.history(timeMs))?.attempt, `the attempt that ran ${timeMs}`).toBe(
        attempt,
      )
    return `${name} (${killed} ended): ${sayCounts(counts)}`
  },
}))
