/**
 * The cloud of an application: its two functions, what calls them, and the resources around them.
 */
import { BEGINNING } from '../../state/lane-entries.ts'
import { MillraceError } from '../../base/errors.ts'
import type { Outcome } from '../../runtime/driver/outcome.ts'
import type { RuntimeEvent } from '../../runtime/events.ts'
import type { KinesisEvent } from '../../runtime/sources/kinesis/event.ts'
import { positionOf } from '../../runtime/sources/kinesis/positions.ts'
import { laneId } from '../../runtime/sources/kinesis/shards.ts'
import {
  type ApplicationParts,
  DRIVER_TIMEOUT_MS,
  type IntakeEvent,
  type SimulatedIntakeAnswer,
  driverSettings,
  startIntake,
} from './application.ts'
import type { CallWorld } from './calls.ts'
import { operate, type OperatorCommand, redriveDeadLetters } from './commands.ts'
import type { Checkers } from './checkers/checkers.ts'
import { MALFORMED_MESSAGES, type SimulatedBucket } from './cloud/bucket.ts'
import type { SimulatedDirectory } from './cloud/directory.ts'
import { Deployer, FIRST_GENERATION } from './cloud/deployer.ts'
import { type Ending, SimulatedFunction } from './cloud/function.ts'
import { type Consumed, SimulatedQueue } from './cloud/queue.ts'
import { SimulatedStream } from './cloud/stream.ts'
import { StreamMapping } from './cloud/stream-mapping.ts'
import { type Deployment, Environment } from './environment.ts'
import type { RecoveryPath } from './sightings.ts'
import type { Storage } from './storage.ts'

const INTAKE_TIMEOUT_MS = 20_000

/** What an error shows to have happened. */
const SEEN_BY_ERROR: Readonly<Record<string, RecoveryPath>> = {
  LANE_FULL: 'a lane too full',
  PLAN_INCOMPATIBLE: 'a plan refused',
  SOURCE_UNKNOWN: 'records of an unknown source refused',
}

/** What the platform is made with. */
export interface PlatformParts extends CallWorld {
  readonly app: string
  readonly storage: Storage
  readonly checkers: Checkers
  readonly buckets: ReadonlyMap<string, SimulatedBucket>
  readonly directories: ReadonlyMap<string, SimulatedDirectory>
  readonly streams: readonly string[]
  /** How many executors each process of the driver has. */
  readonly executors: number
  /** Whether intake combines records, wherever it can. */
  readonly combines: boolean
  readonly plan: ApplicationParts['plan']
  /** The errors that faults bring about, by their codes. */
  readonly expected: readonly string[]
}

export class Platform {
  readonly triggers: SimulatedQueue
  readonly notifications: SimulatedQueue
  readonly driver: SimulatedFunction<readonly string[], Outcome>
  readonly intake: SimulatedFunction<IntakeEvent, SimulatedIntakeAnswer>
  readonly mappings: StreamMapping[] = []
  readonly #parts: PlatformParts
  readonly #application: ApplicationParts
  readonly #deployer: Deployer
  #deployment: Deployment
  /** The highest generation that a deployment got. */
  #highest = FIRST_GENERATION
  #commands = 0

  constructor(parts: PlatformParts) {
    this.#parts = parts
    const { random, nowMs } = parts.world
    this.#application = {
      ...parts,
      observer: parts.checkers,
      triggers: () => this.triggers,
      streams: () => this.mappings.map(({ stream }) => stream),
      listen: (environment, event) => this.#listen(environment, event),
    }
    this.#deployment = {
      generation: FIRST_GENERATION,
      code: 'a',
      change: 'none',
      createdMs: new Map(parts.streams.map((name) => [name, nowMs])),
    }
    const { items: table } = parts.storage
    const isStormy = (): boolean => parts.faults.active
    this.#deployer = new Deployer({ ...parts, table, isStormy, random: parts.world.deploying })
    this.driver = new SimulatedFunction(parts, driverSettings(this.#application), this.#deployment)
    this.intake = new SimulatedFunction(
      parts,
      { name: 'intake', timeoutMs: INTAKE_TIMEOUT_MS, start: startIntake(this.#application) },
      this.#deployment,
    )
    // A visibility shorter than an invocation brings the same message to a second process beside
    // the first.
    const visibilityMs = random.pick([DRIVER_TIMEOUT_MS / 2, DRIVER_TIMEOUT_MS + 30_000])
    this.triggers = new SimulatedQueue(
      parts,
      { name: 'triggers', visibilityMs, tries: 3, batchMax: 10, concurrency: 2 },
      (bodies, ended) =>
        this.driver.invoke(bodies, (ending) => ended({ taken: this.#driverEnded(ending) })),
    )
    this.notifications = new SimulatedQueue(
      parts,
      { name: 'notifications', visibilityMs, tries: 6, batchMax: 10, concurrency: 3 },
      (bodies, ended) =>
        this.intake.invoke(
          { Records: bodies.map((body, index) => ({ messageId: String(index), body })) },
          (ending) => ended(this.#notificationsEnded(bodies, ending)),
        ),
    )
    for (const name of parts.streams)
      this.map(new SimulatedStream(name, nowMs, random.between(1, 3), random.fork()))
  }

  /** Begins to read a stream, from its oldest record on. */
  map(stream: SimulatedStream): void {
    const isFit = ({ createdMs }: Deployment): boolean =>
      createdMs.get(stream.name) === stream.createdMs
    const invoke = (event: KinesisEvent, ended: (taken: boolean) => void): void =>
      this.intake.invoke(
        event,
        (ending) => {
          const taken = this.#wasTaken(ending)
          if (taken) this.#acknowledged(event, stream)
          if (ending.kind === 'answered' && ending.answer.records < (event.Records?.length ?? 0))
            this.#parts.sightings.see('records dropped as redelivered')
          ended(taken)
        },
        isFit,
      )
    this.mappings.push(new StreamMapping(this.#parts, stream, invoke))
  }

  /**
   * Deploys something, with the generation that it is given: from then on, new processes run it.
   * Old ones are still there, and may still be invoked.
   */
  deploy(changes: (before: Deployment) => Partial<Deployment>): void {
    this.#deployer.deploy((generation) => {
      this.#parts.checkers.violations.expect(
        'B10',
        generation > this.#highest,
        () => `a deployment gets the generation ${generation} after ${this.#highest}`,
      )
      this.#highest = Math.max(this.#highest, generation)
      this.replace({ ...changes(this.#deployment), generation })
    })
  }

  /** New processes differ, and nothing was deployed: somebody has changed a function by hand. */
  replace(changes: Partial<Deployment>): void {
    this.#deployment = { ...this.#deployment, ...changes }
    this.#parts.world.log(() => {
      const { generation, code, change } = this.#deployment
      return `generation ${generation} is deployed, with code ${code} and the plan ${change}`
    })
    this.driver.deploy(this.#deployment)
    this.intake.deploy(this.#deployment)
  }

  /**
   * An operator redrives dead letters: `limit` records at most, besides those that another operator
   * has begun to redrive.
   */
  redrive(limit: number): void {
    const { app, sightings } = this.#parts
    this.#command('redrive', async (operator) => {
      const { finished } = await redriveDeadLetters({ ...this.#application, app }, operator, limit)
      if (finished > 0) sightings.see('a redrive completed that another one had begun')
    })
  }

  /** An operator skips the logged batch, resets all state, or gives up what waits of a stream. */
  operate(command: OperatorCommand): void {
    this.#command(command, (operator) =>
      operate({ ...this.#application, app: this.#parts.app }, operator, command),
    )
  }

  /** A command of an operator runs beside everything else, and may be cut off at any time. */
  #command(name: string, run: (operator: Environment) => Promise<void>): void {
    this.#commands += 1
    const { world, faults, checkers } = this.#parts
    const operator = new Environment(
      `${name}${this.#commands}g${this.#deployment.generation}`,
      this.#deployment,
    )
    if (faults.active && world.random.chance(0.5))
      world.after(world.random.between(1, 300), () => operator.end())
    run(operator).then(
      () => {
        world.log(() => `${operator.name} is done`)
        checkers.ended(operator, 'answered')
      },
      (error: unknown) => {
        checkers.ended(operator, 'failed')
        const isRefused = error instanceof MillraceError && error.code === 'COMMAND_REFUSED'
        if (!isRefused) this.#checkError(operator, error)
      },
    )
  }

  get deployment(): Deployment {
    return this.#deployment
  }

  /**
   * Intake has stored all that was put, and no process runs batches: the head must show by now what
   * is left to do.
   */
  get isQuiet(): boolean {
    return this.isTakenIn && !this.driver.isBusy && !this.intake.isBusy
  }

  /** Intake has stored and acknowledged everything that was put. */
  get isTakenIn(): boolean {
    return this.notifications.isEmpty && this.mappings.every((mapping) => mapping.isDone)
  }

  #driverEnded(ending: Ending<Outcome>): boolean {
    if (ending.kind !== 'answered') return this.#wasTaken(ending)
    const { sightings } = this.#parts
    const { answer } = ending
    if (answer.kind === 'superseded') sightings.see('an older generation turned away')
    if (answer.kind === 'busy') sightings.see('a driver turned away by the lease')
    if (answer.kind === 'skewed') sightings.see('a skewed clock turned away')
    this.#parts.checkers.driverAnswered(ending.environment, answer.kind)
    return this.#wasTaken(ending)
  }

  /** Of the messages that intake has taken, it must refuse the malformed ones, and no other. */
  #notificationsEnded(bodies: readonly string[], ending: Ending<SimulatedIntakeAnswer>): Consumed {
    const refused = ending.kind === 'answered' ? ending.answer.refused : []
    const failed = new Set(refused.map(Number))
    const taken = this.#wasTaken(ending)
    if (failed.size > 0 && failed.size < bodies.length)
      this.#parts.sightings.see('a malformed message beside good ones')
    for (const [index, body] of bodies.entries())
      this.#parts.checkers.violations.expect(
        'totals',
        !taken || failed.has(index) === MALFORMED_MESSAGES.includes(body),
        () => `intake ${failed.has(index) ? 'refuses' : 'acknowledges'} the message ${body}`,
      )
    return { taken, failed }
  }

  #wasTaken(ending: Ending<unknown>): boolean {
    if (ending.kind !== 'ended' && ending.kind !== 'denied')
      this.#parts.checkers.ended(ending.environment, ending.kind)
    if (ending.kind === 'failed') this.#checkError(ending.environment, ending.error)
    return ending.kind === 'answered'
  }

  #acknowledged(event: KinesisEvent, { arn, createdMs }: SimulatedStream): void {
    const last = event.Records?.at(-1)
    if (last === undefined) return
    const [shardId = ''] = last.eventID.split(':')
    const position = positionOf(last.kinesis.sequenceNumber)
    this.#parts.checkers.lanes.acknowledged(
      laneId({ streamArn: arn, createdMs, shardId }),
      position ?? BEGINNING,
    )
  }

  #checkError(environment: Environment, error: unknown): void {
    this.#parts.world.log(() => `${environment.name} fails: ${String(error)}`)
    if (!(error instanceof MillraceError)) {
      if (environment.alive)
        this.#parts.checkers.violations.fail('crash', `${environment.name}: ${String(error)}`)
      return
    }
    const path = SEEN_BY_ERROR[error.code]
    if (path !== undefined) this.#parts.sightings.see(path)
    if (!this.#parts.expected.includes(error.code) && environment.alive)
      this.#parts.checkers.violations.fail('assertion', `${environment.name}: ${error.message}`)
  }

  #listen(environment: Environment, event: RuntimeEvent): void {
    this.#parts.world.log(() => `${environment.name} ${JSON.stringify(event)}`)
    this.#parts.checkers.heard(event)
    if (event.event !== 'batchFailed' || this.#parts.expected.includes(event.code)) return
    // The driver reports an error that is not of this project under this code.
    const checker = event.code === 'BATCH_FAILED' ? 'crash' : 'assertion'
    this.#parts.checkers.violations.fail(
      checker,
      `${environment.name} fails the batch at ${event.timeMs}: ${event.message}`,
    )
  }
}
