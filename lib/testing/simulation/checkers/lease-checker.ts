import type { BatchInput } from '../../../runtime/driver/batch-input.ts'
import type { WholeInput } from '../../../runtime/sources/redriven.ts'
import type { SourceInput } from '../../../runtime/sources/source-reader.ts'
import type { Head } from '../../../state/head.ts'
import type { BlockRef } from '../../../state/lane-entries.ts'
import { LEASE_MARGIN_MS } from '../../../runtime/driver/driver-handler.ts'
import { DRIVER_TIMEOUT_MS } from '../application.ts'
import { type Environment, isFitting } from '../environment.ts'
import { filesOf, isLanes, lanesOf, objectsOf } from './inputs.ts'
import type { World } from '../world.ts'
import { checkHandedOn } from './handed-on-checker.ts'
import type { Mirror } from './mirror.ts'
import type { Violations } from './violations.ts'

/** The process that logged an epoch, and the batch of that epoch. */
export interface EpochLog {
  readonly environment: Environment
  readonly timeMs: number
}

/** How far the clock of a process that runs batches may be from the clock of the store. */
const SKEW_MS = 2_500
const LEASE_MS = DRIVER_TIMEOUT_MS + LEASE_MARGIN_MS

const isWake = (before: Head, after: Head): boolean =>
  before.status === 'rest' &&
  after.status === 'running' &&
  after.epoch === before.epoch &&
  after.doneMs === before.doneMs &&
  after.generation === before.generation

/** A resumption by an operator. Operators have no generation. */
const isResumption = (before: Head, after: Head): boolean =>
  before.status === 'failed' &&
  after.status === 'running' &&
  after.epoch === before.epoch &&
  after.generation === before.generation

/**
 * An operator skips the logged batch, resets, or replaces a state, under an epoch of its own. Only
 * the last of them keeps a logged batch.
 */
export const isOperation = (before: Head, after: Head): boolean =>
  after.epoch !== before.epoch && (after.logged === undefined || after.owner === undefined)

/** B2, B6, B10: the writes of the head as steps of a protocol. */
export class LeaseChecker {
  readonly #mirror: Mirror
  readonly #violations: Violations
  readonly #intervalMs: number
  readonly #owners = new Set<string>()
  readonly #logs = new Map<number, EpochLog>()
  readonly #inputs = new Map<number, string>()

  readonly #world: Pick<World, 'setBackMs' | 'sinceSetBackMs'>
  readonly #processes = new Set<string>()
  /** The epoch of the head when the clock was set back last. */
  #epochSetBack: number | undefined

  constructor(
    mirror: Mirror,
    violations: Violations,
    intervalMs: number,
    world: Pick<World, 'setBackMs' | 'sinceSetBackMs'>,
  ) {
    this.#world = world
    this.#mirror = mirror
    this.#violations = violations
    this.#intervalMs = intervalMs
  }

  /** A process may have seen before this that a lease is over, and take its own only now. */
  clockSetBack(): void {
    this.#epochSetBack = this.#mirror.head()?.epoch
  }

  /** The input of the batch of an epoch, as it is logged now, as text. */
  inputOf(epoch: number): string {
    return this.#inputs.get(epoch) ?? ''
  }

  /** The process that logged an epoch. */
  logOf(epoch: number): EpochLog | undefined {
    return this.#logs.get(epoch)
  }

  check(before: Head, after: Head, environment: Environment, nowMs: number): void {
    const { name, generation } = environment
    const expect = this.#violations.expect.bind(this.#violations)
    expect(
      'B10',
      after.generation >= before.generation,
      () => `the generation goes back from ${before.generation} to ${after.generation}`,
    )
    expect(
      'B10',
      isWake(before, after) ||
        isResumption(before, after) ||
        isOperation(before, after) ||
        generation === after.generation,
      () => `${name} of generation ${generation} writes a head of ${after.generation}`,
    )
    expect(
      'B10',
      after.generation === before.generation || !this.#isHeld(before, nowMs),
      () => `${name} adopts a head whose lease ends in ${before.leaseEndMs - nowMs} ms`,
    )
    const isItsOwn = after.generation !== before.generation || after.epoch !== before.epoch
    expect(
      'B10',
      isFitting(environment.deployment.change) || !isItsOwn || isOperation(before, after),
      () => `${name} goes on with what its plan does not fit: ${environment.deployment.change}`,
    )
    expect(
      'B6',
      after.doneMs >= before.doneMs,
      () => `done goes back from ${before.doneMs} to ${after.doneMs}`,
    )
    expect(
      'B6',
      (after.doneMs - after.zeroMs) % this.#intervalMs === 0,
      () => `done is ${after.doneMs}, off the grid`,
    )
    if (after.logged !== undefined)
      this.#inputs.set(after.epoch, JSON.stringify(this.#mirror.input(after.logged.input)))
    if (isOperation(before, after)) this.#checkOperation(before, after, environment, nowMs)
    else if (after.epoch !== before.epoch) this.#checkLog(before, after, environment, nowMs)
    if (after.doneMs === before.doneMs && before.logged !== undefined)
      this.#checkStillLogged(before, after, environment)
    const isHolder = before.owner !== undefined && this.#isOf(after.epoch, environment)
    checkHandedOn(this.#violations, { before, after, environment }, isHolder)
  }

  #isOf(epoch: number, environment: Environment): boolean {
    return this.#logs.get(epoch)?.environment === environment
  }

  #checkOperation(before: Head, after: Head, { name }: Environment, nowMs: number): void {
    const expect = this.#violations.expect.bind(this.#violations)
    expect(
      'B2',
      after.epoch === before.epoch + 1,
      () => `the epoch goes from ${before.epoch} to ${after.epoch}`,
    )
    expect(
      'B2',
      after.owner === undefined && !isHeld(before, nowMs),
      () => `${name} takes the batch while another process holds the lease`,
    )
    expect('B10', after.generation === before.generation, () => `${name} changes the generation`)
    const skipped = after.logged === undefined ? before.logged : undefined
    const doneMs = skipped?.timeMs ?? before.doneMs
    expect(
      'B6',
      after.doneMs === doneMs,
      () => `${name} ends at ${after.doneMs} and not at ${doneMs}`,
    )
  }

  #checkLog(before: Head, after: Head, environment: Environment, nowMs: number): void {
    const { owner = '', logged, epoch } = after
    const expect = this.#violations.expect.bind(this.#violations)
    expect(
      'B2',
      epoch === before.epoch + 1,
      () => `the epoch goes from ${before.epoch} to ${epoch}`,
    )
    expect(
      'B2',
      owner !== '' && !this.#owners.has(owner),
      () => `the attempt id ${owner} is not new`,
    )
    expect(
      'B2',
      !this.#isHeld(before, nowMs),
      () => `${environment.name} takes a lease that ends in ${before.leaseEndMs - nowMs} ms`,
    )
    this.#owners.add(owner)
    this.#processes.add(environment.name)
    if (logged === undefined) return this.#violations.fail('B2', `epoch ${epoch} logs no batch`)
    expect(
      'B6',
      logged.timeMs > before.doneMs,
      () => `a batch at ${logged.timeMs} is logged after ${before.doneMs} is done`,
    )
    expect(
      'B6',
      logged.timeMs <= nowMs + SKEW_MS + this.#mayBeAheadMs,
      () => `a batch at ${logged.timeMs} is logged ${logged.timeMs - nowMs} ms before its time`,
    )
    this.#logs.set(epoch, { environment, timeMs: logged.timeMs })
  }

  /**
   * After the clock was set back, batches go on behind the last one, one for each interval. A new
   * process may run one batch early, and two drivers do not know when the other one ran.
   */
  get #mayBeAheadMs(): number {
    const { setBackMs, sinceSetBackMs } = this.#world
    if (setBackMs === 0) return 0
    return setBackMs + sinceSetBackMs + this.#intervalMs * (this.#processes.size + 1)
  }

  /**
   * Whether a lease is held. One from before the clock was set back ends much too late for a
   * process that decides soon after, and no longer when it writes.
   */
  #isHeld(head: Head, nowMs: number): boolean {
    return isHeld(head, nowMs) && head.epoch !== this.#epochSetBack
  }

  /** A logged batch keeps its input, except for what its attempt has found to be gone. */
  #checkStillLogged(before: Head, after: Head, environment: Environment): void {
    const was = before.logged && this.#mirror.input(before.logged.input)
    const is = after.logged && this.#mirror.input(after.logged.input)
    const isSmaller =
      after.owner === before.owner &&
      after.epoch === before.epoch &&
      this.#isOf(after.epoch, environment)
    const same =
      JSON.stringify(was) === JSON.stringify(is) || (isSmaller && isWithout(was, renewed(is, was)))
    this.#violations.expect('B2', same, () => `the logged batch at ${was?.timeMs} changes`)
  }
}

/** A lease that ends much too late does not count: a clock has jumped. */
const isHeld = ({ owner, leaseEndMs }: Head, nowMs: number): boolean =>
  owner !== undefined &&
  leaseEndMs > nowMs + SKEW_MS &&
  leaseEndMs <= nowMs + 2 * LEASE_MS - SKEW_MS

const namesOf = (input: SourceInput | undefined): readonly string[] => [
  ...objectsOf(input).map(({ key, version }) => `${key}\n${version}`),
  ...filesOf(input).map(({ key, modifiedMs }) => `${key}\n${modifiedMs}`),
]
const entriesOf = (input: SourceInput | undefined): string => JSON.stringify(lanesOf(input))

/**
 * The input, with the combined blocks of the other one where it only says for whom they count: what
 * earlier code has combined may be taken, if it is gone from its source. That is logged, too.
 */
const renewed = (
  input: BatchInput | undefined,
  was: BatchInput | undefined,
): BatchInput | undefined => {
  const blocksOf = (one: BatchInput | undefined): readonly BlockRef[] =>
    Object.values(one?.sources ?? {}).flatMap((source) =>
      lanesOf(source).flatMap(({ entries }) => entries.flatMap(({ blocks }) => blocks)),
    )
  const before = new Map(blocksOf(was).map((ref) => [ref.by, ref]))
  const withBefore = (ref: BlockRef): BlockRef => {
    const combinedFor = before.get(ref.by)?.combinedFor
    return combinedFor === undefined ? ref : { ...ref, combinedFor }
  }
  const sources = Object.entries(input?.sources ?? {}).map(([id, source]) => {
    if (!isLanes(source)) return [id, source] as const
    const lanes = source.lanes.map((lane) => ({
      ...lane,
      entries: lane.entries.map((entry) => ({ ...entry, blocks: entry.blocks.map(withBefore) })),
    }))
    return [id, { ...source, lanes }] as const
  })
  return input && { ...input, sources: Object.fromEntries<WholeInput>(sources) }
}

/**
 * Whether an input is another one without some objects, or without blocks that it now says are
 * lost.
 */
const isWithout = (was: BatchInput | undefined, is: BatchInput | undefined): boolean =>
  was !== undefined &&
  is !== undefined &&
  was.timeMs === is.timeMs &&
  Object.entries(is.sources).every(([id, input]) => {
    const before = was.sources[id]
    const hasLostMore = (input.lost?.length ?? 0) > (before?.lost?.length ?? 0)
    return (
      JSON.stringify(before?.offsets) === JSON.stringify(input.offsets) &&
      namesOf(input).every((name) => namesOf(before).includes(name)) &&
      (hasLostMore || entriesOf(input) === entriesOf(before))
    )
  })
