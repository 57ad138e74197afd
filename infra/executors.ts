/**
 * Executors: functions that compute tasks of large batches for the driver, one at a time each. They
 * have the same code. None of them writes anything that stays.
 */
import { Duration } from 'aws-cdk-lib'
import type { LifecycleRule } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import { answersPrefix } from '../lib/base/answers-prefix.ts'
import { MillraceError } from '../lib/base/errors.ts'
import type { CompleteSettings, FunctionSettings } from './function-settings.ts'
import type { PlanSummary } from './plan-summary.ts'
import { createFunction, createIdentity, type Worker, type WorkerParts } from './functions.ts'

/** Settings of the executors. All of them are alike. */
export interface ExecutorSettings extends Omit<FunctionSettings, 'reservedConcurrentExecutions'> {
  /** How many there are: a whole number from 0 to 32. */
  readonly count: number
}

/** Their settings, complete. Each has a concurrency of one. */
export interface CompleteExecutors {
  readonly count: number
  readonly settings: CompleteSettings
}

/** The driver is told all their names, and the variables of a function have 4 KB. */
const COUNT_MAX = 32

/**
 * Settings of the executors. By default they have what the driver has: its batch waits for them.
 *
 * The concurrency that is kept for each of them is also its limit. So each has one environment,
 * which stays warm, and one call cannot start a second one while the first still runs.
 *
 * @throws MillraceError `ARGUMENT_INVALID` for a count that cannot be.
 */
export const executorSettings = (
  given: number | ExecutorSettings | undefined = 0,
  { memorySize, timeout }: CompleteSettings,
): CompleteExecutors => {
  const { count, ...own } = typeof given === 'number' ? { count: given } : given
  if (!Number.isInteger(count) || count < 0 || count > COUNT_MAX)
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'An application cannot have so many executors',
      value: count,
      allowed: `a whole number from 0 to ${COUNT_MAX}`,
      fix: 'give executors another number, or leave it out: then the driver computes alone',
    })
  return {
    count,
    settings: { memorySize, timeout, ...own, reservedConcurrentExecutions: 1 },
  }
}

/**
 * How many tasks the driver computes at the same time, each but one in a thread: the `parallelism`
 * of the pipeline. With executors it computes alone, since these are its other processors.
 */
export const threadsOf = (
  { parallelism }: Pick<PlanSummary, 'parallelism'>,
  { count }: Pick<CompleteExecutors, 'count'>,
): number => (count > 0 ? 1 : parallelism)

/** What executors are made of, besides what the others are made of. */
export type ExecutorParts = Pick<WorkerParts, 'code' | 'shared' | 'logs' | 'environment'> & {
  readonly appName: string
  readonly executors: CompleteExecutors
}

/** Creates all executors. They share a role and a log group, so each costs one resource. */
export const createExecutors = (
  scope: Construct,
  { appName, executors: { count, settings }, ...inCommon }: ExecutorParts,
): readonly Worker[] => {
  if (count === 0) return []
  const description = `Computes tasks of large batches of ${appName}`
  const parts: WorkerParts = { ...inCommon, name: 'executor', settings, description }
  const identity = createIdentity(scope, 'Executors', parts)
  return Array.from({ length: count }, (_, index) =>
    createFunction(scope, `Executor${index}`, parts, identity),
  )
}

/** A driver reads a large answer at once, in an invocation of 15 minutes at most. */
const ANSWERS_KEPT = Duration.days(1)

/**
 * The rule that deletes what drivers have left of large answers. Nothing names an answer but the
 * call that waits for it, so here an expiry date deletes nothing that is needed (B11).
 */
export const answersRules = ({ count }: CompleteExecutors, app: string): readonly LifecycleRule[] =>
  count === 0 ? [] : [{ id: 'answers', prefix: answersPrefix(app), expiration: ANSWERS_KEPT }]
