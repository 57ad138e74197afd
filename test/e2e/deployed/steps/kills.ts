import { expect } from 'vitest'
import { appends, commits, loggedTime, logsBatch } from '../calls.ts'
import type { Held } from '../gate.ts'
import { killFunction } from '../processes.ts'
import { sayCounts, type World } from '../world.ts'
import type { Step } from './step.ts'

const RECORDS = 500

/** A moment in the life of a function, and what has happened by then. */
interface Moment {
  readonly name: string
  /** Waits for it. The call that is held never goes further. */
  readonly come: (world: World) => Promise<{ readonly held: Held; readonly functionName: string }>
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
    const held = gates.driver.hold(commits(clicks.app, loggedTime(await log.arrived)), when)
    log.letGo()
    await held.arrived
    return { held, functionName: clicks.driver }
  }

const moments: readonly Moment[] = [
  { name: 'intake is killed before its append takes effect', come: intakeAt('before') },
  { name: 'intake is killed when its append has taken effect and the answer is on the way', come: intakeAt('after') },
  {
    name: 'the driver is killed between log and outputs',
    async come({ gates, clicks }) {
      const held = gates.driver.hold(logsBatch(clicks.app), 'after')
      await held.arrived
      return { held, functionName: clicks.driver }
    },
  },
  { name: 'the driver is killed between outputs and commit', come: driverAtCommit('before') },
  { name: 'the driver is killed when its commit has taken effect and the answer is on the way', come: driverAtCommit('after') },
]

export const killSteps: readonly Step[] = moments.map(({ name, come }) => ({
  name,
  async run(world) {
    const coming = come(world)
    await world.send(name, RECORDS)
    const { held, functionName } = await coming
    const killed = killFunction(functionName)
    held.drop()
    expect(killed).toBeGreaterThan(0)
    const counts = await world.settled()
    expect(counts).toEqual({ counted: world.model.size, lost: 0, twice: 0 })
    return `${name} (${killed} ended): ${sayCounts(counts)}`
  },
}))
