/**
 * Programs of processes are written as steps. Each step makes at most one call to the world outside
 * of the process.
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
  /** Readable text: which process does what. */
  readonly text: string
  /** The write of the step. Undefined: it reads, or only computes. */
  readonly write?: Write
  /** The step is not ordinary: it uses up one fault of this kind. */
  readonly fault?: Fault
  /** How the process goes on. A read sees the world as it is; a write sees its result. */
  readonly goOn: (answer: Arrival) => World
  /**
   * How it goes on when its tries are used up and it does not know the result of the write.
   * Undefined: it keeps trying.
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

/** The world with a driver at another step of its program. */
export const driverAt = (
  world: World,
  index: number,
  at: DriverAt,
  change: Partial<Driver> = {},
): World => ({
  ...world,
  drivers: world.drivers.with(index, { ...(world.drivers[index] as Driver), ...change, at }),
})

/** The world with an invocation of intake at another step of its program. */
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
 * A driver's call is over. A call that ends in an error is repeated: the queue delivers the trigger
 * again.
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
 * `PROGRESSED`: a driver reads the head again, or goes on with the head that it has just written.
 * Without triggers, reading again is the same as being called.
 */
export const readsHeadAgain = (
  { model, index }: Seat,
  world: World,
  change: Partial<Driver> = {},
  wrote?: Head,
): World => {
  if (wrote !== undefined) return driverAt(world, index, { before: 'head', wrote }, change)
  return driverAt(world, index, { before: model.bounds.rests === true ? 'head' : 'call' }, change)
}

/** B3: the memory after a failed or doubtful attempt. */
export const cold = ({ model, driver }: Seat): Pick<Driver, 'memory'> =>
  errs(model, 'state kept after a failed attempt') ? { memory: driver.memory } : { memory: null }

/** A driver treats a segment that it does not find as lost. */
export const stopped = ({ index, who }: Seat, world: World): World => ({
  ...answered(world, index, 'done', { memory: null, garbage: null }),
  alarm: `${who} treats a segment as lost`,
})

/** The attempt of a driver, from before its log on. */
export const attemptOf = ({ at }: Driver): AttemptId | null =>
  'by' in at ? at.by : 'mine' in at ? at.mine.owner : null

/**
 * Whether the holder of the lease is still alive. The lease of one that is gone may be over without
 * a fault.
 */
export const isAlive = (world: World, owner: AttemptId): boolean =>
  world.drivers.some((driver) => attemptOf(driver) === owner)

/** An attempt id that nothing in the world mentions. */
export const freshId = (world: World): AttemptId => {
  const used = idsIn(world)
  for (let number = 1; ; number++) if (!used.has(`#${number}`)) return `#${number}`
}
