import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { Match } from 'aws-cdk-lib/assertions'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import { describe, expect, test } from 'vitest'
import { actionsIn, locationsOf, statementsOf, synthesise, textOf } from './stacks.ts'

const SIX_MINUTES = Duration.minutes(6)
const created = synthesise('orders')
const given = synthesise('orders', (stack) => ({
  bindings: { orders: new Queue(stack, 'Mine', { visibilityTimeout: SIX_MINUTES }) },
}))

/** The logical id of the queue that intake reads. */
const idOf = ({ app, stack }: typeof created): string =>
  textOf(stack.resolve(app.queues['orders']?.queueArn)).replace('.Arn', '')

describe('a queue that is created', () => {
  test('keeps messages for long, and puts aside what was tried for hours', () => {
    const dlq = Match.stringLikeRegexp('^AppQueueordersDeadLetters')
    created.template.hasResourceProperties('AWS::SQS::Queue', {
      VisibilityTimeout: 360,
      MessageRetentionPeriod: 1_209_600,
      SqsManagedSseEnabled: true,
      RedrivePolicy: { maxReceiveCount: 50, deadLetterTargetArn: { 'Fn::GetAtt': [dlq, 'Arn'] } },
    })
    expect(idOf(created)).toMatch(/^AppQueueorders[0-9A-F]{8}$/)
  })

  test('has the key and the removal policy of the application', () => {
    const { template } = synthesise('orders', (stack) => ({
      encryptionKey: new Key(stack, 'Key'),
      removalPolicy: RemovalPolicy.RETAIN,
    }))
    const own = Object.entries(template.findResources('AWS::SQS::Queue')).filter(([id]) =>
      id.startsWith('AppQueueorders'),
    )
    expect(own).toHaveLength(2)
    for (const [, queue] of own)
      expect(queue).toMatchObject({
        DeletionPolicy: 'Retain',
        Properties: { KmsMasterKeyId: { 'Fn::GetAtt': [expect.stringMatching(/^Key/), 'Arn'] } },
      })
    const intake = statementsOf(template, 'AppIntakeRoleDefaultPolicy')
    expect(actionsIn(intake)).toContain('kms:Decrypt')
  })

  test('has alarms for messages that wait too long, and for those that were put aside', () => {
    const ids = created.app.alarms.map(({ node }) => node.id)
    expect(ids.slice(-2)).toEqual(['Queue-ordersDeadLettersAlarm', 'Queue-ordersBehindAlarm'])
    created.template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'ApproximateAgeOfOldestMessage',
      Threshold: 21_600,
    })
  })
})

describe('a queue that is given', () => {
  test('is used as it is, without a queue for dead letters', () => {
    expect(given.app.queues['orders']?.node.id).toBe('Mine')
    const queues = Object.keys(given.template.findResources('AWS::SQS::Queue'))
    expect(queues.filter((id) => !id.startsWith('AppTriggers'))).toEqual([idOf(given)])
    const ids = given.app.alarms.map(({ node }) => node.id)
    expect(ids.slice(-1)).toEqual(['Queue-ordersBehindAlarm'])
    expect(ids).not.toContain('Queue-ordersDeadLettersAlarm')
  })

  test('may be of another stack, about which nothing else is known', () => {
    const arn = 'arn:aws:sqs:eu-west-1:111111111111:orders'
    const { template } = synthesise('orders', (stack) => ({
      bindings: { orders: Queue.fromQueueArn(stack, 'Theirs', arn) },
    }))
    expect(locationsOf(template, 'MILLRACE_SOURCES')).toEqual({
      'sqsTextStream-1': { kind: 'sqs', queueArn: arn },
    })
  })

  test('may be encrypted, so that intake needs its key', () => {
    const { template } = synthesise('orders', (stack) => ({
      bindings: {
        orders: new Queue(stack, 'Mine', {
          visibilityTimeout: SIX_MINUTES,
          encryption: QueueEncryption.KMS,
          encryptionMasterKey: new Key(stack, 'QueueKey'),
        }),
      },
    }))
    const keysOf = (role: string): string =>
      JSON.stringify(statementsOf(template, `App${role}RoleDefaultPolicy`))
    expect(keysOf('Intake')).toContain('QueueKey')
    expect(keysOf('Driver')).not.toContain('QueueKey')
  })

  test('may keep order: then Lambda takes ten messages and does not collect them', () => {
    const { template } = synthesise('orders', (stack) => ({
      bindings: {
        orders: new Queue(stack, 'Mine', { fifo: true, visibilityTimeout: SIX_MINUTES }),
      },
    }))
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      FunctionName: { Ref: Match.stringLikeRegexp('^AppIntake') },
      BatchSize: 10,
      MaximumBatchingWindowInSeconds: 0,
    })
  })
})

describe.each([
  { how: 'created', from: created },
  { how: 'given', from: given },
])('a queue that is $how', ({ from }) => {
  const { template, app } = from

  test('calls intake with many messages, in few environments', () => {
    expect(app.mappings.map(({ node }) => node.id)).toEqual(['Mapping-orders'])
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::GetAtt': [idOf(from), 'Arn'] },
      FunctionName: { Ref: Match.stringLikeRegexp('^AppIntake') },
      BatchSize: 1_000,
      MaximumBatchingWindowInSeconds: 5,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 5 },
    })
  })

  test('may be read by intake, and not by the driver', () => {
    const onQueue = (role: string) =>
      statementsOf(template, `App${role}Policy`).filter(({ Resource }) =>
        textOf(Resource).startsWith(idOf(from)),
      )
    expect(actionsIn(onQueue('Intake'))).toEqual([
      'sqs:DeleteMessage',
      'sqs:GetQueueAttributes',
      'sqs:ReceiveMessage',
    ])
    expect(onQueue('Driver')).toEqual([])
  })

  test('is told to the functions by its ARN', () => {
    expect(locationsOf(template, 'MILLRACE_SOURCES')).toEqual({
      'sqsTextStream-1': { kind: 'sqs', queueArn: `${idOf(from)}.Arn` },
    })
  })
})
