import { Duration } from 'aws-cdk-lib'
import { Match } from 'aws-cdk-lib/assertions'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { describe, expect, test } from 'vitest'
import type { AlarmSettings } from '../../infra/alarm-settings.ts'
import { metricFilters } from './metric-filters.ts'
import { synthesise } from './stacks.ts'

/** Every alarm that can be tuned, with an application that has it. The compiler knows all names. */
const NAMES: Readonly<
  Record<keyof AlarmSettings, 'all' | 'clicks' | 'files' | 'orders' | 'topics'>
> = {
  problems: 'all',
  lag: 'all',
  failedBatches: 'all',
  failed: 'all',
  superseded: 'all',
  dataLosses: 'all',
  fallingBehind: 'all',
  clockSkews: 'all',
  deadLetters: 'all',
  intakeErrors: 'all',
  driverErrors: 'all',
  driverTimeout: 'all',
  driverSilent: 'all',
  intakeThrottles: 'all',
  driverThrottles: 'all',
  refusedMessages: 'all',
  triggersAge: 'all',
  triggersDeadLetters: 'all',
  intakeBehind: 'clicks',
  discards: 'clicks',
  drops: 'clicks',
  notificationsAge: 'files',
  notificationsDeadLetters: 'files',
  queueBehind: 'orders',
  queueDeadLetters: 'orders',
  topicBehind: 'topics',
}

/** What is found in logs shares the alarm on problems. */
const SHARED = [
  'lag',
  'failedBatches',
  'failed',
  'dataLosses',
  'fallingBehind',
  'clockSkews',
  'deadLetters',
  'driverTimeout',
  'refusedMessages',
]
/** They are there when they are set. */
const OPTIONAL = ['driverThrottles', 'triggersAge']

const numberOf = (name: string, alarms: AlarmSettings): number =>
  synthesise(name, () => ({ alarms })).app.alarms.length

describe.each(['clicks', 'files', 'orders'])('the alarms of %s', (name) => {
  const own = Object.keys(NAMES).filter((alarm) =>
    ['all', name].includes(NAMES[alarm as keyof AlarmSettings]),
  )
  test('have a name each, and can be left out one by one', () => {
    const usual = own.length - SHARED.length - OPTIONAL.length
    expect(numberOf(name, {})).toBe(usual)
    expect(numberOf(name, Object.fromEntries(own.map((alarm) => [alarm, false])))).toBe(0)
    expect(numberOf(name, Object.fromEntries(own.map((alarm) => [alarm, {}])))).toBe(own.length - 1)
    for (const alarm of ['problems', ...own.slice(-3)])
      expect(numberOf(name, { [alarm]: false })).toBe(usual - 1)
  })

  test('are few, since each costs money at rest', () => {
    expect(numberOf(name, {})).toBeLessThanOrEqual(10)
  })
})

describe('the alarm on problems', () => {
  const filters = (alarms: AlarmSettings): readonly string[] =>
    metricFilters(synthesise('clicks', () => ({ alarms })).template)
      .filter(({ metric }) => metric === 'Problems')
      .map(({ role, pattern }) => `${role} ${pattern}`)
  const all = filters({})

  // Dead letters are found in two logs, and time-outs in two forms.
  test('looks for a line of each kind', () => expect(all).toHaveLength(SHARED.length + 2))

  test.each<{ alarms: AlarmSettings; without: readonly string[] }>([
    { alarms: { failed: {} }, without: ['driver { $.event = "driver" && $.kind = "failed" }'] },
    { alarms: { failedBatches: false }, without: ['driver { $.event = "batchFailed" }'] },
    {
      alarms: { deadLetters: { threshold: 10 } },
      without: [
        'driver { $.event = "deadLetter" }',
        'intake { $.event = "intake" && $.rejected > 0 }',
      ],
    },
    { alarms: { lag: { minutes: 5 } }, without: ['driver { $.lagMs > 21600000 }'] },
    { alarms: { problems: false }, without: all },
    { alarms: { problems: { minutes: 2 } }, without: [] },
  ])('leaves to others what is set: $alarms', ({ alarms, without }) => {
    expect(filters(alarms)).toEqual(all.filter((line) => !without.includes(line)))
    expect(all).toEqual(expect.arrayContaining([...without]))
  })
})

describe('an alarm is tuned', () => {
  test.each<{ what: string; alarms: AlarmSettings; metric: string; has: object }>([
    {
      what: 'at another value',
      alarms: { failedBatches: { threshold: 3 } },
      metric: 'FailedBatches',
      has: { Threshold: 3, ComparisonOperator: 'GreaterThanThreshold', EvaluationPeriods: 1 },
    },
    {
      what: 'in more minutes',
      alarms: { failedBatches: { minutes: 4 } },
      metric: 'FailedBatches',
      has: { Threshold: 0, EvaluationPeriods: 4, DatapointsToAlarm: 4 },
    },
    {
      what: 'in some of more minutes',
      alarms: { deadLetters: { threshold: 10, minutes: 2, of: 10 } },
      metric: 'DeadLetters',
      has: { Threshold: 10, EvaluationPeriods: 10, DatapointsToAlarm: 2 },
    },
    {
      what: 'below a value',
      alarms: { driverSilent: { threshold: 2, minutes: 10 } },
      metric: 'Invocations',
      has: { Threshold: 2, ComparisonOperator: 'LessThanThreshold', DatapointsToAlarm: 10 },
    },
    {
      what: 'in fewer of its minutes',
      alarms: { driverErrors: { minutes: 1 } },
      metric: 'Errors',
      has: { EvaluationPeriods: 15, DatapointsToAlarm: 1 },
    },
  ])('$what', ({ alarms, metric, has }) => {
    const { template, app } = synthesise('clicks', () => ({ alarms }))
    template.hasResourceProperties('AWS::CloudWatch::Alarm', { MetricName: metric, ...has })
    const isOwn = ['FailedBatches', 'DeadLetters'].includes(metric)
    expect(app.alarms).toHaveLength(synthesise('clicks').app.alarms.length + (isOwn ? 1 : 0))
  })

  test('with actions of its own', () => {
    const { template } = synthesise('clicks', (stack) => ({
      alarmActions: [new SnsAction(new Topic(stack, 'All'))],
      alarms: {
        failed: { actions: [new SnsAction(new Topic(stack, 'Pager'))] },
        failedBatches: {},
      },
    }))
    const actionsOf = (MetricName: string, id: string): void =>
      template.hasResourceProperties('AWS::CloudWatch::Alarm', {
        MetricName,
        AlarmActions: [{ Ref: Match.stringLikeRegexp(`^${id}`) }],
      })
    actionsOf('Failed', 'Pager')
    actionsOf('FailedBatches', 'All')
  })

  test.each<{ alarms: object; says: RegExp }>([
    { alarms: { silence: false }, says: /silence[^]*driverSilent/ },
    { alarms: { queueBehind: false }, says: /queueBehind/ },
    { alarms: { failed: { minutes: 0 } }, says: /0 of 1/ },
    { alarms: { failed: { minutes: 3, of: 2 } }, says: /3 of 2/ },
  ])('and refused: $alarms', ({ alarms, says }) => {
    expect(() => synthesise('clicks', () => ({ alarms }))).toThrow(says)
  })

  test('and lagMax still sets the age for those of lag', () => {
    const { template } = synthesise('clicks', () => ({
      lagMax: Duration.hours(1),
      alarms: { lag: { minutes: 5 } },
    }))
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'Lag',
      Threshold: 3_600_000,
      DatapointsToAlarm: 5,
    })
  })
})
