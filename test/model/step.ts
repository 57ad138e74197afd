/**
 * How the program of a process is written down: as steps, each at most one call of the world
 * outside of it.
 */
import { idsIn } from './fingerprints.ts'
import { errs, type Model } from './protocol.ts'
import type { Arrival } from './store.ts'
import type {
  AttemptId,
  Driver,
  DriverAt,
  Fault,
  Head,
  Intake,
  IntakeAt,
  World,
  Write,
} from './world.ts'

/** One step of one process. */
export interface Step {
  /** For people: who does what. */
  readonly text: string
  /** What it writes; undefined: it reads, or only thinks. */
  readonly write?: Write
  /** It is no ordinary step but takes one of these. */
  readonly fault?: Fault
  /** How the process goes on. A read sees the world as it is; a write, what became of it. */
  readonly goOn: (answer: Arrival) => World
  /**
   * How it goes on when its tries are used up and it does not know what became of the write.
   * Undefined: it goes on trying.
   */
  readonly giveUp?: (world: World) => World
}

/** One driver in its world. */
export interface Seat {
  readonly model: Model
  readonly world: World
  readonly index: number
  readonly driver: Driver
  readonly who: string
}

/** The world with a driver somewhere else in its program. */
export const driverAt = (
  world: World,
  index: number,
  at: DriverAt,
  change: Partial<Driver> = {},
): World => ({
  ...world,
  drivers: world.drivers.with(index, { ...(world.drivers[index] as Driver), ...change, at }),
})

/** The world with an intake somewhere else in its program. */
export const intakeAt = (
  world: World,
  index: number,
  at: IntakeAt,
  change: Partial<Intake> = {},
): World => ({
  ...world,
  intakes: world.intakes.with(index, { ...(world.intakes[index] as Intake), ...change, at }),
})

/**
 * A driver's call is over. One that ends in an error is called again: the queue delivers the tick
 * once more.
 */
export const answered = (
  world: World,
  index: number,
  outcome: 'done' | 'called again',
  change: Partial<Driver> = {},
): World => {
  const next = driverAt(world, index, { before: 'call' }, change)
  return outcome === 'done' ? next : { ...next, called: true }
}

/**
 * `MOVED`: a driver looks again, maybe with the head as it has just written it. Without ticks to
 * look is the same as to be called.
 */
export const looksAgain = (
  { model, index }: Seat,
  world: World,
  change: Partial<Driver> = {},
  wrote?: Head,
): World => {
  if (wrote !== undefined) return driverAt(world, index, { before: 'look', wrote }, change)
  return driverAt(world, index, { before: model.bounds.rests === true ? 'look' : 'call' }, change)
}

/** B3: what is in memory after a failed or doubtful attempt. */
export const cold = ({ model, driver }: Seat): Pick<Driver, 'memory'> =>
  errs(model, 'state kept after a failed attempt') ? { memory: driver.memory } : { memory: null }

/** A driver takes for lost what it does not find. */
export const stopped = ({ index, who }: Seat, world: World): World => ({
  ...answered(world, index, 'done', { memory: null, garbage: null }),
  alarm: `${who} takes a segment for lost`,
})

/** The attempt a driver is at, from before its log on. */
export const attemptOf = ({ at }: Driver): AttemptId | null =>
  'by' in at ? at.by : 'mine' in at ? at.mine.owner : null

/**
 * Whether the holder of the lease is still at it. One that is gone needs no fault for its lease to
 * be over.
 */
export const isAlive = (world: World, owner: AttemptId): boolean =>
  world.drivers.some((driver) => attemptOf(driver) === owner)

/** An attempt id that nothing in the world mentions. */
export const freshId = (world: World): AttemptId => {
  const used = idsIn(world)
  for (let number = 1; ; number++) if (!used.has(`#${number}`)) return `#${number}`
}
