/**
 * The head: the one small item that changes. One conditional write of the head makes a whole batch
 * true.
 */
import { invariant, MillraceError } from '../base/errors.ts'
import type { Item, ItemStore } from '../ports/item-store.ts'
import type { AfterCommit } from './after-commit.ts'
import type { FinishedOutput } from './finished-output.ts'
import { headKey } from './item-keys.ts'
import type { KeptTasks } from './kept-tasks.ts'
import type { Load } from './load.ts'
import type { LaneOffsets } from './offsets.ts'
import type { SegmentRef } from './segments.ts'

/** The version of the stored format. It grows when older code would read the store wrongly. */
const STORE_FORMAT = 7

/** Formats that this version reads. What it writes next has the newest one. */
const READABLE_FORMATS: readonly unknown[] = [5, 6, STORE_FORMAT]

/**
 * `running`: batches run when they are due. `rest`: there is nothing to do, and intake wakes the
 * application. `failed`: a failing batch stopped the application, and it waits for an operator.
 */
export type HeadStatus = 'running' | 'rest' | 'failed'

/** Why an attempt failed. */
export interface FailureReason {
  readonly code: string
  readonly message: string
  /** The operator that failed, and where it is declared. */
  readonly operator?: string
  readonly declaredAt?: string
  /** Where it threw, in the user's module. */
  readonly thrownAt?: string
}

/** A batch that was logged and is not yet committed. Its time and input never change (B2). */
export interface LoggedBatch {
  readonly timeMs: number
  /** The input of the batch, by source: JSON while it is small, else the segment that holds it. */
  readonly input: string | SegmentRef
  /** How many attempts have started. */
  readonly attempts: number
  /** When the batch was first logged, or last handed on. */
  readonly firstMs: number
  /** The next attempt starts at this time or later. */
  readonly retryMs: number
  /**
   * The ids of outputs that an attempt finished before it failed. The next attempt leaves them out.
   */
  readonly outputsDone?: readonly string[]
  /** What that attempt has found where it read the input: see `foundText`. */
  readonly found?: string
  /** What those outputs have written, and what is published if the batch is committed. */
  readonly finished?: readonly FinishedOutput[]
  /** What the functions of those outputs have added to accumulators, encoded, in base64. */
  readonly adds?: string
  /** How many of the attempts have handed the batch on. They do not count as failed. */
  readonly handedOn?: number
  /** What they have kept of its tasks. */
  readonly kept?: KeptTasks
}

/** A batch whose attempts count again from zero, without a pause. */
export const triedAnew = (logged: LoggedBatch): LoggedBatch => {
  const { handedOn: _, ...rest } = logged
  return { ...rest, attempts: 0, retryMs: 0 }
}

/**
 * The lane offsets of a committed batch, by source. Intake reads them, to drop consumed entries.
 */
export type LaneOffsetsBySource = Readonly<Record<string, LaneOffsets>>

/** What is true of an application, or the names of what is true. */
export interface Head {
  readonly generation: number
  /** The hash of the plan that runs. */
  readonly plan: string
  /** The ids of its sources. Intake appends to no others: nothing would read them. */
  readonly sources: readonly string[]
  readonly status: HeadStatus
  /** Counts the leases. */
  readonly epoch: number
  /** The attempt that holds the lease. Undefined: the lease is free. */
  readonly owner: string | undefined
  readonly leaseEndMs: number
  /** When the application first started. `zeroMs` is the zero of its batch times. */
  readonly startedMs: number
  readonly zeroMs: number
  /** The last committed batch time. At first, the zero time. */
  readonly doneMs: number
  /** The manifest of the last committed batch. Undefined before the first batch. */
  readonly manifest: SegmentRef | undefined
  /** What is left to do after the last commit. Undefined: the manifest says it. */
  readonly afterCommit: AfterCommit | undefined
  /** Undefined: there are so many that only the manifest has them. */
  readonly offsets: LaneOffsetsBySource | undefined
  /**
   * While running: the next batch is at this time or later; set when the application wakes. At
   * rest: when the application wakes by itself; 0: it does not.
   */
  readonly wakeMs: number
  readonly logged: LoggedBatch | undefined
  readonly reason: FailureReason | undefined
  /** Undefined: batches begin at the limits of the pipeline, and nothing waits. */
  readonly load: Load | undefined
}

/**
 * The last time at which there can be a batch: the time now, or a batch time ahead of the clock.
 * Batch times are ahead after a clock that was set back, and after a run with `--once`.
 */
export const lastTimeMs = (head: Head | undefined, nowMs: number): number =>
  Math.max(nowMs, head?.logged?.timeMs ?? head?.doneMs ?? nowMs)

const json = (value: unknown): string | undefined =>
  value === undefined ? undefined : JSON.stringify(value)
const parseJson = <T>(value: unknown): T | undefined =>
  typeof value === 'string' ? (JSON.parse(value) as T) : undefined

/** The attributes of the head that a conditional write compares with what its writer saw. */
export type HeadCondition = readonly (keyof Head | 'next')[]

const toItem = (head: Head): Item => ({
  format: STORE_FORMAT,
  generation: head.generation,
  plan: head.plan,
  sources: JSON.stringify(head.sources),
  status: head.status,
  epoch: head.epoch,
  owner: head.owner,
  leaseEndMs: head.leaseEndMs,
  startedMs: head.startedMs,
  zeroMs: head.zeroMs,
  doneMs: head.doneMs,
  manifest: json(head.manifest),
  afterCommit: json(head.afterCommit),
  offsets: json(head.offsets),
  wakeMs: head.wakeMs,
  // An attribute of its own, so that conditions can name the time of the logged batch.
  next: head.logged?.timeMs,
  logged: json(head.logged),
  reason: json(head.reason),
  load: json(head.load),
})

/**
 * Reads the head from its item.
 *
 * @throws MillraceError `STORE_UNREADABLE` when another version of Millrace wrote the item.
 */
export const headFromItem = (item: Item): Head => {
  if (!READABLE_FORMATS.includes(item['format'])) throw unreadable(item['format'])
  return headOf(item)
}

const unreadable = (format: unknown): MillraceError =>
  new MillraceError('STORE_UNREADABLE', {
    problem: 'The store was written by another version of Millrace, and this one cannot read it',
    value: `format ${String(format ?? 1)}`,
    allowed: `format ${READABLE_FORMATS.join(' or ')}`,
    fix: 'use the version that wrote the store, or start with a new store',
  })

const headOf = (item: Item): Head => ({
  generation: item['generation'] as number,
  plan: item['plan'] as string,
  sources: parseJson<readonly string[]>(item['sources']) ?? [],
  status: item['status'] as HeadStatus,
  epoch: item['epoch'] as number,
  owner: item['owner'] as string | undefined,
  leaseEndMs: item['leaseEndMs'] as number,
  startedMs: item['startedMs'] as number,
  zeroMs: item['zeroMs'] as number,
  doneMs: item['doneMs'] as number,
  manifest: parseJson<SegmentRef>(item['manifest']),
  afterCommit: parseJson<AfterCommit>(item['afterCommit']),
  offsets: parseJson<LaneOffsetsBySource>(item['offsets']),
  wakeMs: item['wakeMs'] as number,
  logged: parseJson<LoggedBatch>(item['logged']),
  reason: parseJson<FailureReason>(item['reason']),
  load: parseJson<Load>(item['load']),
})

/** The answer to a conditional write of the head. */
export type HeadSwap =
  | { readonly swapped: true; readonly head: Head }
  | { readonly swapped: false; readonly head: Head | undefined }

/** Reads and writes the head of one application. */
export class HeadStore {
  readonly #store: ItemStore
  readonly #app: string

  constructor(store: ItemStore, app: string) {
    this.#store = store
    this.#app = app
  }

  async read(): Promise<Head | undefined> {
    const item = await this.#store.get(headKey(this.#app))
    return item === undefined ? undefined : headFromItem(item)
  }

  /** Writes the first head, unless a head exists. */
  async create(head: Head): Promise<HeadSwap> {
    return this.#swap('absent', head)
  }

  /** Replaces the head if the named attributes still have the values of `seen`. */
  async swap(seen: Head, condition: HeadCondition, next: Head): Promise<HeadSwap> {
    invariant(
      'B6',
      next.doneMs >= seen.doneMs,
      `done goes back from ${seen.doneMs} to ${next.doneMs}`,
    )
    invariant(
      'B10',
      next.generation >= seen.generation,
      `the generation goes back from ${seen.generation} to ${next.generation}`,
    )
    invariant(
      'B2',
      seen.logged === undefined ||
        next.doneMs > seen.doneMs ||
        next.logged?.timeMs === seen.logged.timeMs,
      'a logged batch changes its time',
    )
    const all = toItem(seen)
    return this.#swap(Object.fromEntries(condition.map((name) => [name, all[name]])), next)
  }

  /**
   * Replaces the head of an application that has taken nothing, while `held.owner` holds it. So
   * times and the generation may go back.
   */
  async replaceNew(held: Head, next: Head): Promise<HeadSwap> {
    const { epoch, owner } = held
    return this.#swap({ epoch, owner }, next)
  }

  async #swap(seen: Item | 'absent', next: Head): Promise<HeadSwap> {
    const answer = await this.#store.compareAndSet(headKey(this.#app), seen, toItem(next))
    if (answer.swapped) return { swapped: true, head: next }
    return {
      swapped: false,
      head: answer.current === undefined ? undefined : headFromItem(answer.current),
    }
  }
}
