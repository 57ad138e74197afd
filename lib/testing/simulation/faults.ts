import type { Random } from '../random.ts'
import type { Sightings } from './sightings.ts'

const firstKinds = [
  // Calls of the ports.
  'crash',
  'freeze',
  'lostAnswer',
  'failedCall',
  'outage',
  'slowCall',
  'throttleStorm',
  'partialWrite',
  // Functions.
  'lateThaw',
  'clockJump',
  'deniedInvocation',
  'deployment',
  'brokenDeployment',
  'changedPlan',
  'pause',
  'throwingFunction',
  // Streams.
  'lostCheckpoint',
  'lateInvocation',
  'recreatedMapping',
  'recreatedStream',
  'resharding',
  'retention',
  'lostBlock',
  // Buckets and queues.
  'unannouncedObject',
  'lostNotification',
  'malformedMessage',
  'lostObject',
  'replacedObject',
  'repeatedMessage',
  'lateMessage',
  'lostTrigger',
  'strayTrigger',
  // Operators.
  'redrive',
  'skip',
  'reset',
  'skipSource',
  // Time.
  'days',
] as const

/**
 * Kinds that came later. They are drawn from a generator of their own, so that a world without them
 * is as it was before they came.
 */
const laterKinds = [
  // The clock of the machine, and with it that of the table.
  'clockSetBack',
  // Objects: long names, and objects that cannot be read.
  'longKey',
  'damagedObject',
  'refusedObject',
  // Functions that throw anything, and streams that split and merge all the time.
  'oddError',
  'manyReshardings',
] as const

/** The newest kinds, drawn from a third generator for the same reason. */
const newestKinds = ['import'] as const

/** What happens to executors, in worlds that have some. Drawn from a generator of their own. */
const executorKinds = [
  'deadExecutor',
  'frozenExecutor',
  'forgetfulExecutor',
  'foreignExecutor',
  'lateTask',
  'repeatedTask',
] as const

/** What happens between a driver and its executors. Drawn from another one, for the same reason. */
const betweenKinds = ['changedInput'] as const

/** What happens to invocations in the middle of a batch. Drawn from one more. */
const handingKinds = ['shortInvocation'] as const

/**
 * What can go wrong, each switched on or off by the seed; what each does is in
 * docs/internals/simulation.md.
 */
export const faultKinds: readonly FaultKind[] = [
  ...firstKinds,
  ...laterKinds,
  ...newestKinds,
  ...executorKinds,
  ...betweenKinds,
  ...handingKinds,
]

/** One of {@link faultKinds}. */
export type FaultKind =
  | (typeof firstKinds)[number]
  | LaterKind
  | (typeof newestKinds)[number]
  | ExecutorKind
  | (typeof betweenKinds)[number]
  | (typeof handingKinds)[number]

/** One of the kinds that came later. */
export type LaterKind = (typeof laterKinds)[number]

/** What happens to executors. */
export type ExecutorKind = (typeof executorKinds)[number]

/** What happens to one call of a port. */
export type CallFate =
  | 'none'
  | 'dieBefore'
  | 'dieAfter'
  | 'freezeAfter'
  | 'lostAnswer'
  | 'late'
  | 'failBefore'
  | 'throttled'
  | 'partial'
  | 'slow'

/** A call of a port, as far as its fate depends on it. */
export interface CallTarget {
  /** The partition of the store that it goes to. */
  readonly partition?: string
  /** It writes several items, which may be written in part. */
  readonly isBatch?: boolean
}

/** The share of kinds that a seed switches on. */
const ON = 0.6
/** Fewer, since most of them strike in any world in which they are on. */
const LATER_ON = 0.25
/** Still fewer: most worlds stay as they were. */
const NEWEST_ON = 0.15
const EXECUTOR_ON = 0.5
/** In this share of worlds, a batch may not fit into its invocation. */
const HAND_ON_SHARE = 0.3
/** In these worlds, an invocation is short with this probability. */
const IS_SHORT = 0.5
/** A driver hands on when 2 seconds are left: see task-keeper.ts. It reads and logs before. */
const SHORT_MS: readonly [number, number] = [2_020, 2_500]

/** The faults of one world. */
export class Faults {
  readonly kinds: ReadonlySet<FaultKind>
  /** What the later kinds draw from, and nothing else does. */
  readonly later: Random
  /** What executors and their kinds draw from. */
  readonly spreading: Random
  /** What kinds between a driver and its executors draw from. */
  readonly between: Random
  /** What short invocations draw from. */
  readonly #handing: Random
  readonly #random: Random
  readonly #sightings: Sightings
  readonly #rate: number
  #outageEndMs = 0
  #storm: { readonly partition: string; readonly endMs: number } | undefined
  /** While false nothing goes wrong: the world is left to recover. */
  active = true

  /**
   * `without`: kinds that stay off although the seed has them on. So one can find out which kinds a
   * failure needs. `later`, `newest`, `spreading`, `between` and `handing`: what the later kinds,
   * the newest ones, those of executors, and short invocations are drawn from. `hasExecutors`:
   * otherwise, nothing can happen to any.
   */
  constructor(
    random: Random,
    sightings: Sightings,
    {
      without = [],
      later,
      newest,
      spreading,
      between,
      handing,
      hasExecutors,
    }: {
      readonly without?: readonly FaultKind[]
      readonly later: Random
      readonly newest: Random
      readonly spreading: Random
      readonly between: Random
      readonly handing: Random
      readonly hasExecutors: boolean
    },
  ) {
    this.#random = random
    this.later = later
    this.spreading = spreading
    this.between = between
    this.#handing = handing
    this.#sightings = sightings
    const on = [
      ...firstKinds.filter(() => random.chance(ON)),
      ...laterKinds.filter(() => later.chance(LATER_ON)),
      ...newestKinds.filter(() => newest.chance(NEWEST_ON)),
      ...executorKinds.filter(() => hasExecutors && spreading.chance(EXECUTOR_ON)),
      ...betweenKinds.filter(() => hasExecutors && between.chance(LATER_ON)),
      ...handingKinds.filter(() => handing.chance(HAND_ON_SHARE)),
    ]
    this.kinds = new Set(on.filter((kind) => !without.includes(kind)))
    this.#rate = random.pick([0.003, 0.01, 0.04])
  }

  has(kind: FaultKind): boolean {
    return this.active && this.kinds.has(kind)
  }

  /** Whether a fault of this kind strikes now. `times` multiplies the usual rate of the seed. */
  strikes(kind: FaultKind, times = 1): boolean {
    const happens = this.has(kind) && this.#random.chance(this.#rate * times)
    if (happens) this.#sightings.see(kind)
    return happens
  }

  /** The same for a later kind. `probability`: of a strike, in a world that has the kind. */
  strikesLater(kind: LaterKind, probability: number): boolean {
    const happens = this.has(kind) && this.later.chance(probability)
    if (happens) this.#sightings.see(kind)
    return happens
  }

  /** The same for what happens to an executor. */
  strikesExecutor(kind: ExecutorKind, probability: number): boolean {
    const happens = this.has(kind) && this.spreading.chance(probability)
    if (happens) this.#sightings.see(kind)
    return happens
  }

  /** The same for the input of a batch, before an executor looks at it. */
  changesInput(probability: number): boolean {
    const happens = this.has('changedInput') && this.between.chance(probability)
    if (happens) this.#sightings.see('changedInput')
    return happens
  }

  /** How long an invocation of the driver lasts. Undefined: as long as its function allows. */
  shortInvocationMs(): number | undefined {
    if (!this.has('shortInvocation') || !this.#handing.chance(IS_SHORT)) return undefined
    this.#sightings.see('shortInvocation')
    return this.#handing.between(...SHORT_MS)
  }

  /** Draws the fate of a call. In an outage most calls fail, for seconds on end. */
  ofCall(nowMs: number, { partition, isBatch = false }: CallTarget): CallFate {
    if (this.strikes('outage', 0.2)) this.#outageEndMs = nowMs + this.#random.between(500, 15_000)
    if (this.active && nowMs < this.#outageEndMs && this.#random.chance(0.8)) return 'failBefore'
    if (partition !== undefined && this.#isThrottled(nowMs, partition)) return 'throttled'
    if (this.strikes('crash')) return this.#random.pick(['dieBefore', 'dieAfter'])
    if (this.strikes('freeze')) return 'freezeAfter'
    if (this.strikes('lostAnswer')) return 'lostAnswer'
    if (this.strikes('lateThaw')) return 'late'
    if (this.strikes('failedCall')) return 'failBefore'
    if (isBatch && this.strikes('partialWrite', 3)) return 'partial'
    return this.strikes('slowCall', 3) ? 'slow' : 'none'
  }

  /**
   * A storm hits one partition of the table, as when a key is hot: its calls are throttled for
   * seconds, all others go on.
   */
  #isThrottled(nowMs: number, partition: string): boolean {
    if (this.strikes('throttleStorm', 0.3))
      this.#storm = { partition, endMs: nowMs + this.#random.between(1_000, 20_000) }
    const storm = this.#storm
    return (
      this.active &&
      storm?.partition === partition &&
      nowMs < storm.endMs &&
      this.#random.chance(0.9)
    )
  }
}
