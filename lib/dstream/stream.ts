import './listening/listeners.ts'
import './operators/all.ts'
import './sources/all.ts'
import { type Duration, hours, milliseconds, minutes } from '../base/duration.ts'
import { callSite } from '../base/error-places.ts'
import { MillraceError } from '../base/errors.ts'
import { POISON_LIMITS, type PoisonLimits } from '../rdd/bad-records.ts'
import { checkDurationMs, checkFunction } from './checks.ts'
import { BATCH_GROWTH_MAX, BATCHES_WAITING_MAX, type Plan, type PlanOptions } from './plan.ts'
import { GraphBuilder } from './graph-builder.ts'
import { leastRecords, type RateOptions, rateOf } from './rate.ts'
import { StreamingContext } from './streaming-context.ts'

/**
 * The options of a pipeline.
 *
 * @example
 * ```ts
 * const options: StreamOptions = {
 *   batchInterval: seconds(10),
 *   whenIdle: 'tick',
 *   limits: { records: 10_000 },
 * }
 * ```
 */
export interface StreamOptions {
  /** The time between two batches, at least 10 ms. */
  readonly batchInterval: Duration
  /**
   * What the application does while no records come. `'rest'`: after an empty batch that changed
   * nothing, it runs no more empty batches. `'tick'`: it runs a batch at every batch time, as in
   * Spark. Default `'rest'`.
   */
  readonly whenIdle?: 'rest' | 'tick'
  /**
   * The most that one batch takes from each source, to begin with. The rest goes to the next batch
   * times. While more waits, batches grow: each takes up to twice as much as the one before, as far
   * as it is computed within four fifths of the interval, and in half of the memory.
   */
  readonly limits?: {
    /** Default 1,000,000. */
    readonly records?: number
    /** Default 64 MiB. */
    readonly bytes?: number
    /** Default 1,000 files. */
    readonly objects?: number
    /**
     * How many full batches may wait in a lane, such as a shard of Kinesis. When more wait, because
     * batches do not run or are too slow, intake takes no more records of it (`LANE_FULL`), and
     * they stay in their source. Default 1,000.
     */
    readonly waiting?: number
    /**
     * How many times these limits a batch may grow to, when more waits. 1: never beyond them.
     * Default 1,000.
     */
    readonly growth?: number
  }
  /**
   * Spark's limits of rates, in records a second. A batch takes at most the rate times the
   * interval, and never more than `limits` allows. They count for sources whose records are counted
   * as they arrive: streams, queues, topics, sockets and receivers. For files and objects, use
   * `limits`. Default: none.
   */
  readonly rate?: RateOptions
  /**
   * How long a failing batch is retried. The application stops as FAILED when the time and the
   * attempts are both used up.
   */
  readonly retry?: {
    /** Default 15 minutes. */
    readonly for?: Duration
    /** Default 8. */
    readonly attempts?: number
  }
  /**
   * What happens when records that intake took are missing from the store, and their source does
   * not have them any more. `'halt'`: the batch fails until an operator of the application decides.
   * `'skip'`: the batch runs without them, and the loss is reported and recorded with the batch.
   * Default `'halt'`.
   */
  readonly onDataLoss?: 'halt' | 'skip'
  /**
   * When so many records of one part of a batch are bad that the code is taken to be broken, not
   * the data: more than `records`, and more than the share `share` of the part. Then none of them
   * is put aside, and the batch fails with `POISON_BREAKER`. A part is a file, or a block of a
   * stream. Lines that cannot be read count too, also those that intake has put aside.
   */
  readonly poison?: {
    /** A whole number from 0. Default 100. */
    readonly records?: number
    /** From 0 to 1. With 1, there is no limit. Default 0.5. */
    readonly share?: number
  }
  /**
   * What happens when badness shows only after a shuffle: the values of a key cannot be reduced, or
   * the function of its state throws, or a function throws on a pair. `'fail'`: the batch fails.
   * `'dead-letter'`: what the key had in the batch is put aside as a dead letter, its state stays
   * as it was before the batch, and the other keys go on. Such a dead letter cannot be redriven.
   * Default `'fail'`.
   */
  readonly onBadKey?: 'fail' | 'dead-letter'
  /**
   * How long dead letters are kept: at least one hour, or `'forever'`, until they are redriven or
   * deleted. Default 14 days.
   */
  readonly keepDeadLetters?: Duration | 'forever'
  /**
   * How long what `millrace replay` needs is kept: which input each batch took, the records of
   * streams, and about 24 snapshots of the state over this time. At least one minute. It costs what
   * is stored for longer, and one small item for each batch. The steps of a stream run in batches
   * then, as with `sourceStage: 'driver'`, so that records themselves are kept. Default: nothing
   * is kept, and no batch can be replayed.
   */
  readonly keepForReplay?: Duration
  /**
   * How many tasks of a large batch run at the same time: a whole number, 1 or more. Results are
   * the same, to the last bit, whatever it is. Default: the processor cores of the machine with
   * `millrace run`, and 1 on AWS. There the driver gets a processor for each, if the construct has
   * no executors.
   */
  readonly parallelism?: number
  /**
   * Where the steps from a stream up to the first reduction by key run. `'intake'`: in the function
   * that takes the records in, where that makes less to store. `'driver'`: in the batch. Only the
   * steps of a Kinesis stream ever run at intake, and only on AWS. Results are the same. Default
   * `'intake'`.
   */
  readonly sourceStage?: 'intake' | 'driver'
}

const PIPELINE: unique symbol = Symbol.for('millrace.pipeline') as never

/**
 * A pipeline: the default export of a pipeline module.
 *
 * @example const nameOf = (pipeline: Pipeline): string => pipeline.name
 */
export interface Pipeline {
  readonly [PIPELINE]: true
  readonly name: string
  /** @internal Where the module calls `stream()`. */
  readonly declaredAt?: () => string | undefined
  /**
   * Builds the plan by running the function that was passed to `stream()`. Each call returns a new
   * plan with the same hash.
   */
  build(): Plan
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/
const DEAD_LETTERS_KEPT = hours(14 * 24)
const DEAD_LETTERS_KEPT_MIN = hours(1)
const KEPT_FOR_REPLAY_MIN = minutes(1)
const INTERVAL_MIN = milliseconds(10)

/**
 * Describes a pipeline. The function `describe` runs once in every process that starts the
 * pipeline, and must describe the same pipeline each time.
 *
 * @param name The name of the application in its store: a letter or digit, then up to 63 letters,
 * digits, `.`, `_` or `-`.
 * @throws MillraceError `ARGUMENT_INVALID` when the name or an option is not of the allowed form.
 * When the pipeline is built, also `PLAN_NO_OUTPUT` if it has no output operation.
 * @example
 * ```ts
 * export default stream('word-count', { batchInterval: seconds(10) }, (ssc) => {
 *   ssc.textFileStream('lines').flatMap((line) => line.split(' ')).print()
 * })
 * ```
 */
export const stream = (
  name: string,
  options: StreamOptions,
  describe: (ssc: StreamingContext) => void,
): Pipeline => {
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'stream() needs a name',
      value: name,
      allowed: 'a letter or digit, then up to 63 letters, digits, and . _ -',
    })
  }
  checkFunction('stream', describe)
  const resolved = resolve(options ?? {})
  const declaredAt = callSite()
  return Object.freeze({
    [PIPELINE]: true as const,
    name,
    declaredAt,
    build: (): Plan => {
      const graph = new GraphBuilder(resolved.intervalMs)
      describe(new StreamingContext(graph, resolved.intervalMs))
      return graph.freeze(name, resolved)
    },
  })
}

/**
 * Whether a value was made by {@link stream}, in this copy of the library or in another one.
 *
 * @example
 * ```ts
 * const module = (await import('./pipeline.js')) as { default?: unknown }
 * if (isPipeline(module.default)) console.log(module.default.name)
 * ```
 */
export const isPipeline = (value: unknown): value is Pipeline =>
  typeof value === 'object' && value !== null && (value as Partial<Pipeline>)[PIPELINE] === true

const resolve = ({
  batchInterval,
  whenIdle = 'rest',
  limits = {},
  rate,
  retry = {},
  onDataLoss = 'halt',
  poison = {},
  onBadKey = 'fail',
  keepDeadLetters = DEAD_LETTERS_KEPT,
  keepForReplay,
  parallelism,
  sourceStage = 'intake',
}: StreamOptions): PlanOptions => {
  oneOf('whenIdle', whenIdle, ['rest', 'tick'])
  oneOf('onDataLoss', onDataLoss, ['halt', 'skip'])
  oneOf('onBadKey', onBadKey, ['fail', 'dead-letter'])
  oneOf('sourceStage', sourceStage, ['intake', 'driver'])
  const intervalMs = checkDurationMs('batchInterval', batchInterval, INTERVAL_MIN.milliseconds)
  const records = atLeastOne('limits.records', limits.records ?? 1_000_000)
  const rates = rate === undefined ? undefined : rateOf(rate)
  return Object.freeze({
    intervalMs,
    whenIdle,
    limits: Object.freeze({
      records,
      ...(rates === undefined ? {} : { recordsMin: leastRecords(rates, intervalMs, records) }),
      bytes: atLeastOne('limits.bytes', limits.bytes ?? 64 * 1024 * 1024),
      objects: atLeastOne('limits.objects', limits.objects ?? 1_000),
      waiting: atLeastOne('limits.waiting', limits.waiting ?? BATCHES_WAITING_MAX),
      growth: atLeastOne('limits.growth', limits.growth ?? BATCH_GROWTH_MAX),
    }),
    rate: rates,
    retry: Object.freeze({
      forMs: checkDurationMs('retry.for', retry.for ?? minutes(15)),
      attempts: atLeastOne('retry.attempts', retry.attempts ?? 8),
    }),
    onDataLoss,
    poison: poisonOf(poison),
    onBadKey,
    // What intake has combined says nothing of what other code would make of the records.
    sourceStage: keepForReplay === undefined ? sourceStage : 'driver',
    parallelism: parallelism === undefined ? undefined : atLeastOne('parallelism', parallelism),
    deadLettersKeptMs:
      keepDeadLetters === 'forever'
        ? Infinity
        : checkDurationMs('keepDeadLetters', keepDeadLetters, DEAD_LETTERS_KEPT_MIN.milliseconds),
    keptForReplayMs:
      keepForReplay === undefined
        ? 0
        : checkDurationMs('keepForReplay', keepForReplay, KEPT_FOR_REPLAY_MIN.milliseconds),
  })
}

const oneOf = (name: string, value: unknown, allowed: readonly string[]): void => {
  if (allowed.includes(value as string)) return
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${name} has an unknown value`,
    value,
    allowed: allowed.map((one) => `'${one}'`).join(' or '),
  })
}

const poisonOf = ({
  records = POISON_LIMITS.records,
  share = POISON_LIMITS.share,
}: NonNullable<StreamOptions['poison']>): PoisonLimits => {
  if (!Number.isSafeInteger(records) || records < 0)
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'poison.records is not a count',
      value: records,
      allowed: 'a whole number from 0',
    })
  if (typeof share !== 'number' || !(share >= 0 && share <= 1))
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'poison.share is not a share',
      value: share,
      allowed: 'a number from 0 to 1',
    })
  return Object.freeze({ records, share })
}

const atLeastOne = (name: string, value: number): number => {
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${name} is not a count`,
    value,
    allowed: 'a whole number, 1 or more',
  })
}
