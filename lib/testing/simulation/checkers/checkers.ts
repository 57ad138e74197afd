/**
 * The promises of the batch protocol, checked at every write of the store and of the outputs, by
 * one checker for each.
 */
import type { Item, ItemKey } from '../../../ports/item-store.ts'
import type { Plan } from '../../../dstream/plan.ts'
import type { BatchInput } from '../../../runtime/driver/batch-input.ts'
import type { RuntimeEvent } from '../../../runtime/events.ts'
import type { Outcome } from '../../../runtime/driver/outcome.ts'
import { type Head, headFromItem } from '../../../state/head.ts'
import { laneFromItem } from '../../../state/lanes.ts'
import type { Environment } from '../environment.ts'
import type { SimulatedPipeline } from '../pipelines/pipeline.ts'
import type { AnsweredTask, Observer, OutputWrite, StoreWrite } from '../ports/observer.ts'
import { Recoveries } from '../recoveries.ts'
import { operationSeen, type Sightings } from '../sightings.ts'
import type { Storage } from '../storage.ts'
import type { Truth } from '../truth.ts'
import type { World } from '../world.ts'
import { BatchChecker } from './batch-checker.ts'
import { CombinedChecker } from './combined-checker.ts'
import { FileChecker } from './file-checker.ts'
import { GarbageChecker } from './garbage-checker.ts'
import { checkKeptRead } from './handed-on-checker.ts'
import { objectsOf } from './inputs.ts'
import { LaneChecker } from './lane-checker.ts'
import { DeadLetterChecker } from './dead-letter-checker.ts'
import { isOperation, LeaseChecker } from './lease-checker.ts'
import { MembershipChecker } from './membership-checker.ts'
import { Mirror } from './mirror.ts'
import { ObjectChecker } from './object-checker.ts'
import { OutputChecker } from './output-checker.ts'
import { ReaderChecker } from './reader-checker.ts'
import { RetryChecker } from './retry-checker.ts'
import { checkSizes, checkTriggers } from './sizes.ts'
import { TaskChecker } from './task-checker.ts'
import { Violations } from './violations.ts'

/** The application to check, and what to check it against. */
export interface CheckersParts {
  readonly world: World
  readonly plan: Plan
  readonly pipeline: SimulatedPipeline
  readonly truth: Truth
  readonly storage: Storage
  readonly sightings: Sightings
}

export class Checkers implements Observer {
  readonly violations: Violations = new Violations()
  readonly mirror: Mirror
  readonly lanes: LaneChecker
  readonly deadLetters: DeadLetterChecker
  /** How many batches are committed. */
  batches = 0
  readonly #parts: CheckersParts
  readonly #app: string
  readonly leases: LeaseChecker
  readonly retries: RetryChecker
  readonly readers: ReaderChecker
  readonly #members: MembershipChecker
  readonly #files: FileChecker
  readonly #objects: ObjectChecker
  readonly #outputs: OutputChecker
  readonly #batches: BatchChecker
  readonly #garbage: GarbageChecker
  readonly #tasks: TaskChecker
  readonly #recoveries: Recoveries
  /** When the application first ran. */
  #startedMs = 0
  /** The process that put the head to rest last, until it has read the lanes again. */
  #rester: Environment | undefined

  constructor(parts: CheckersParts) {
    const { plan, pipeline, truth, storage, sightings } = parts
    const { violations } = this
    const app = plan.name
    const { intervalMs, retry, poison } = plan.options
    this.#parts = parts
    this.#app = app
    const mirror = new Mirror(app)
    this.mirror = mirror
    this.leases = new LeaseChecker(mirror, violations, intervalMs, parts.world)
    this.readers = new ReaderChecker(mirror, violations)
    this.retries = new RetryChecker(violations, retry)
    this.#members = new MembershipChecker({ mirror, truth, violations, plan, sightings })
    this.#files = new FileChecker(truth, violations, plan, parts.world)
    this.#outputs = new OutputChecker(storage, this.leases, violations, sightings)
    this.deadLetters = new DeadLetterChecker({ mirror, truth, violations, sightings, app })
    const { deadLetters } = this
    this.#objects = new ObjectChecker({ truth, violations, deadLetters, sightings })
    const combined = new CombinedChecker(truth, violations, sightings)
    this.lanes = new LaneChecker({ mirror, truth, violations, deadLetters, combined, sightings })
    this.#batches = new BatchChecker({
      mirror,
      truth,
      violations,
      pipeline,
      app,
      intervalMs,
      poison,
      deadLetters,
      combined,
      leases: this.leases,
      outputs: this.#outputs,
    })
    this.#garbage = new GarbageChecker(mirror, violations, app)
    this.#tasks = new TaskChecker(mirror, truth, violations)
    this.#recoveries = new Recoveries(sightings, mirror, parts.world, intervalMs)
  }

  stored(write: StoreWrite): void {
    const { key, before, after, environment } = write
    if (before !== undefined && after === undefined) this.#garbage.deleting(write)
    const wasHead = key.partition === `${this.#app}#head` ? this.mirror.head() : undefined
    this.mirror.take(write)
    this.deadLetters.stored(write)
    this.#recoveries.stored(write)
    if (after === undefined || environment === undefined) return
    this.#tasks.wrote(environment, key.partition)
    checkSizes(this.violations, this.#parts.storage, write)
    this.#garbage.written(write)
    if (key.partition === `${this.#app}#head` && before === undefined)
      this.#startedMs = headFromItem(after).startedMs
    if (key.partition === `${this.#app}#head` && before !== undefined)
      this.#headWritten(wasHead ?? headFromItem(before), headFromItem(after), environment)
    if (key.partition.startsWith(`${this.#app}#in#`)) {
      const [source = '', lane = ''] = key.sort.split('#')
      this.lanes.check(
        before && laneFromItem(source, lane, before),
        laneFromItem(source, lane, after),
        environment,
      )
    }
  }

  #headWritten(before: Head, after: Head, environment: Environment): void {
    if (after.status === 'rest') this.#rester = environment
    this.#recoveries.headWritten(before, after, environment)
    this.leases.check(before, after, environment, this.#parts.world.clockMs)
    this.retries.check(before, after, this.#parts.world.clockMs)
    this.#members.headWritten(before, after)
    if (isOperation(before, after)) this.#operated(before, after, environment)
    else if (after.epoch !== before.epoch && before.logged === undefined)
      this.#checkMembership(before, after)
    else if (after.doneMs !== before.doneMs) {
      const input = this.#batches.committed(before, after, environment)
      if (input !== undefined) {
        this.#committed(input)
        this.#objects.committed(input)
      }
      this.batches += 1
    }
    if (after.status === 'rest' && before.status !== 'rest') this.#checkRest(after)
    this.#garbage.checkReachable()
    this.readers.named()
  }

  #operated(before: Head, after: Head, { name }: Environment): void {
    const isReset = name.startsWith('reset')
    this.#parts.sightings.see(operationSeen(name))
    this.#batches.operated(after, isReset)
    const input = before.logged && this.mirror.input(before.logged.input)
    if (input !== undefined && after.logged === undefined) this.#committed(input)
  }

  #committed(input: BatchInput): void {
    this.#members.committed(input)
    this.#tasks.committed(input)
    this.#files.committed(input)
  }

  #checkRest({ doneMs, wakeMs }: Head): void {
    const { nextMs } = this.#batches
    const isTooLong = nextMs !== undefined && (wakeMs === 0 || wakeMs > nextMs)
    this.violations.expect(
      'B12',
      !isTooLong,
      () =>
        `the head rests after ${doneMs} until ${wakeMs}, but the pipeline has work at ${nextMs}`,
    )
  }

  #checkMembership(before: Head, after: Head): void {
    const input = after.logged && this.mirror.input(after.logged.input)
    if (input === undefined)
      this.violations.fail('B11', `the input of ${after.logged?.timeMs} is not in the store`)
    else {
      this.#members.logged(input, before)
      this.#files.logged(input, before)
    }
  }

  read(key: ItemKey, item: Item | undefined, environment: Environment): void {
    this.#recoveries.read(key, item)
    checkKeptRead(this.violations, this.mirror.head(), { key, environment })
  }

  refused(write: Omit<StoreWrite, 'before'>): void {
    this.#recoveries.refused(write)
  }

  blobStored(name: string, bytes: Uint8Array | undefined, environment: Environment): void {
    this.#tasks.wrote(environment, name)
    if (bytes === undefined) this.#garbage.deletingBlob(name, environment)
    else {
      this.#parts.sightings.see('a large segment in a bucket')
      this.#garbage.writingBlob(name, bytes)
    }
    this.mirror.takeBlob(name, bytes)
  }

  scheduling(triggers: number, environment: Environment): void {
    checkTriggers(this.violations, this.#parts.plan, triggers, environment)
  }

  outputting(write: OutputWrite): void {
    this.#tasks.wrote(write.environment, write.path)
    this.#outputs.outputting(write)
  }

  readonly partWriting: Observer['partWriting'] = (write) => this.#outputs.partWriting(write)
  readonly outputAdmitted: Observer['outputAdmitted'] = (write) => this.#outputs.admitted(write)
  readonly outputted: Observer['outputted'] = (write) => this.#outputs.outputted(write)
  readonly outputChanged = (key: string): void => this.#outputs.changed(key)
  readonly taskAnswered = (task: AnsweredTask): void => this.#tasks.answered(task)

  /** A function has answered or failed: none of its calls may be under way. */
  ended(environment: Environment, how: 'answered' | 'failed'): void {
    const { name, callsInFlight } = environment
    this.violations.expect(
      'awaited',
      callsInFlight === 0,
      () => `${name} has ${how} with ${callsInFlight} calls under way`,
    )
  }

  /**
   * A driver has answered. Only one that finds nothing to do has read the lanes again: others ran
   * out of time, or were turned away, for example by their clock.
   */
  driverAnswered(environment: Environment, outcome: Outcome['kind']): void {
    if (environment === this.#rester && outcome === 'idle') this.#rester = undefined
  }

  /** An event that a process reports. */
  heard(event: RuntimeEvent): void {
    this.#recoveries.heard(event)
    this.#tasks.heard(event)
  }

  /** The keys of the objects that the logged batch takes. */
  keysInHand(): ReadonlySet<string> {
    const logged = this.mirror.head()?.logged
    const inputs = Object.values((logged && this.mirror.input(logged.input))?.sources ?? {})
    return new Set(inputs.flatMap(objectsOf).map(({ key }) => key))
  }

  /** All records and all uploads are in batches, and the pipeline gives nothing more by itself. */
  get isConsumed(): boolean {
    const isTaken = this.mirror
      .lanes()
      .every(({ source, lane, tail }) => this.mirror.laneOffset(source, lane) === tail)
    return isTaken && this.#missed.length === 0 && this.#batches.nextMs === undefined
  }

  /**
   * Nothing is on its way. A head at rest must then have nothing to do (B12), with two exceptions:
   * - The process that put it to rest has not read the lanes again, or ended before it could. Then
   *   a later trigger reads them: one comes every minute.
   * - A redrive ended before it woke the head. Then its dead letters are still there.
   */
  quiet(): void {
    const head = this.mirror.head()
    if (head?.status !== 'rest' || this.#rester !== undefined || !this.deadLetters.isSettled) return
    this.lanes.resting()
  }

  /** The uploads and files that are in no batch yet. */
  get #missed(): readonly string[] {
    return [...this.#members.missed(this.#startedMs), ...this.#files.missed(this.#startedMs)]
  }

  /** The world was not done in time: names what is in no batch. */
  unfinished(): void {
    for (const one of this.#missed) this.violations.fail('totals', `${one} is in no batch`)
  }

  /**
   * When all is done: every record and every upload is in a batch, and no output has changed since
   * its commit.
   */
  finished(): void {
    const head = this.mirror.head()
    if (head !== undefined) this.#members.finished(this.#startedMs)
    this.#batches.finished()
    this.unfinished()
    this.deadLetters.finished()
  }
}
