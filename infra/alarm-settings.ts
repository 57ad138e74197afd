/** How users tune single alarms. */
import type { IAlarmAction, IMetric } from 'aws-cdk-lib/aws-cloudwatch'
import { MillraceError } from '../lib/base/errors.ts'
import type { MetricName } from './metrics.ts'

/**
 * How an alarm differs from what the construct would choose. `false`: there is none. An object,
 * also an empty one: it is an alarm of its own.
 */
export type AlarmTuning =
  | false
  | {
      /** The alarm rings above this value, and `driverSilent` below it. */
      readonly threshold?: number
      /** In how many minutes it must be so. */
      readonly minutes?: number
      /** Among how many minutes these are counted. At least `minutes`. */
      readonly of?: number
      /** What is done when it rings, instead of `alarmActions`. */
      readonly actions?: readonly IAlarmAction[]
    }

/**
 * Single alarms. Kinds of sources add their own by extending this interface; an alarm that each
 * source has is tuned for all of them.
 */
export interface AlarmSettings {
  /** The one alarm for all that have none of their own. */
  readonly problems?: AlarmTuning
  readonly lag?: AlarmTuning
  readonly failedBatches?: AlarmTuning
  readonly failed?: AlarmTuning
  readonly superseded?: AlarmTuning
  readonly dataLosses?: AlarmTuning
  readonly fallingBehind?: AlarmTuning
  readonly clockSkews?: AlarmTuning
  readonly deadLetters?: AlarmTuning
  readonly intakeErrors?: AlarmTuning
  readonly driverErrors?: AlarmTuning
  readonly driverTimeout?: AlarmTuning
  readonly driverSilent?: AlarmTuning
  readonly intakeThrottles?: AlarmTuning
  readonly driverThrottles?: AlarmTuning
  readonly refusedMessages?: AlarmTuning
  readonly triggersAge?: AlarmTuning
  readonly triggersDeadLetters?: AlarmTuning
}

/** When an alarm rings. */
export interface Rule {
  /** The id of the alarm in its scope. */
  readonly id: string
  /** By which it is tuned. Default: the id without `Alarm`, in small letters at the beginning. */
  readonly name?: keyof AlarmSettings
  readonly metric: IMetric
  /** The alarm rings above this, or below `below`. */
  readonly above?: number
  readonly below?: number
  readonly description: string
  /**
   * The metric, if what the alarm looks for is a line in a log. Left out of the settings, it shares
   * the alarm on problems with others, since each alarm costs money at rest.
   */
  readonly shared?: MetricName
  /** Other alarms ring too, later or with less to say: it is only there when it is set. */
  readonly optional?: true
  /** In how many minutes it must be so. Default: one. */
  readonly minutes?: number
  /** Among how many minutes these are counted. Default: all must follow each other. */
  readonly of?: number
  /**
   * Whether a minute without a value counts. Default: no. An application at rest reports nothing,
   * and that is fine.
   */
  readonly missingCounts?: true
}

/** The name by which an alarm is tuned. */
export const nameOf = ({ id, name }: Pick<Rule, 'id' | 'name'>): keyof AlarmSettings =>
  name ??
  // A test compares the names of all rules with those of the settings.
  (`${id.charAt(0).toLowerCase()}${id.slice(1).replace(/Alarm$/, '')}` as keyof AlarmSettings)

/**
 * Checks that there are alarms of these names.
 *
 * @throws MillraceError `ARGUMENT_INVALID`.
 */
export const checkAlarmNames = (given: readonly string[], known: readonly string[]): void => {
  const unknown = given.find((name) => !known.includes(name))
  if (unknown === undefined) return
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'The application has no alarm of this name',
    value: unknown,
    allowed: known.join(', '),
    fix: 'correct the name in alarms, or leave it out',
  })
}

/**
 * A rule with what was given.
 *
 * @throws MillraceError `ARGUMENT_INVALID` for minutes that CloudWatch refuses.
 */
export const tuned = (
  rule: Rule,
  { threshold, minutes, of }: Exclude<AlarmTuning, false>,
): Rule => {
  const { above } = rule
  const inMinutes = minutes ?? rule.minutes ?? 1
  const times = { minutes: inMinutes, of: of ?? Math.max(inMinutes, rule.of ?? 1) }
  const isWhole = Object.values(times).every((time) => Number.isInteger(time) && time >= 1)
  if (!isWhole || times.of < times.minutes)
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: `The alarm ${nameOf(rule)} cannot ring in so many minutes`,
      value: `${times.minutes} of ${times.of}`,
      allowed: 'whole numbers from 1; `of` is at least `minutes`',
    })
  if (threshold === undefined) return { ...rule, ...times }
  return {
    ...rule,
    ...times,
    ...(above === undefined ? { below: threshold } : { above: threshold }),
  }
}
