import { Match } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { synthesise } from './stacks.ts'

const clicks = synthesise('clicks')
const files = synthesise('files')
const byDay = synthesise('by-day')
const both = synthesise('both')
const orders = synthesise('orders')

describe('the wiring that section 8 of DESIGN.md asks for', () => {
  const rows = [
    {
      what: 'Kinesis: whole batches, one feeder, endless retries, from the start, no filter',
      in: clicks,
      type: 'AWS::Lambda::EventSourceMapping',
      has: {
        BatchSize: 10_000,
        MaximumBatchingWindowInSeconds: 5,
        ParallelizationFactor: 1,
        MaximumRetryAttempts: -1,
        MaximumRecordAgeInSeconds: -1,
        BisectBatchOnFunctionError: false,
        StartingPosition: 'TRIM_HORIZON',
        FilterCriteria: Match.absent(),
        FunctionResponseTypes: Match.absent(),
        DestinationConfig: { OnFailure: { Destination: Match.anyValue() } },
        MetricsConfig: { Metrics: ['EventCount'] },
      },
    },
    {
      what: 'Kinesis: from the start whatever the source asks, half a batch interval as window',
      in: both,
      type: 'AWS::Lambda::EventSourceMapping',
      has: {
        StartingPosition: 'TRIM_HORIZON',
        StartingPositionTimestamp: Match.absent(),
        MaximumBatchingWindowInSeconds: 1,
      },
    },
    {
      what: 'the driver has at most two environments',
      in: clicks,
      type: 'AWS::Lambda::EventSourceMapping',
      has: {
        BatchSize: 10,
        MaximumBatchingWindowInSeconds: 0,
        ScalingConfig: { MaximumConcurrency: 2 },
      },
    },
    {
      what: 'the clock: each minute, always on, to the queue of the driver',
      in: clicks,
      type: 'AWS::Scheduler::Schedule',
      has: {
        ScheduleExpression: 'rate(1 minute)',
        Target: { Input: '{"app":"clicks","scheduleMinute":true}' },
      },
    },
    {
      what: 'the table: on demand, restorable, expiring what has a date',
      in: clicks,
      type: 'AWS::DynamoDB::Table',
      has: {
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
        SSESpecification: { SSEEnabled: true },
      },
    },
    {
      what: 'intake on Node 24 and arm64, with its variables',
      in: clicks,
      type: 'AWS::Lambda::Function',
      has: {
        Handler: 'intake.handler',
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        MemorySize: 1_024,
        Timeout: 60,
        Environment: {
          Variables: { MILLRACE_GENERATION: '7', MILLRACE_TABLE: Match.anyValue() },
        },
      },
    },
    {
      what: 'the driver, which may call itself through its queue',
      in: clicks,
      type: 'AWS::Lambda::Function',
      has: {
        Handler: 'driver.handler',
        MemorySize: 1_769,
        Timeout: 90,
        RecursiveLoop: 'Allow',
        Environment: { Variables: { MILLRACE_GENERATION: '7', MILLRACE_TIMEOUT_S: '90' } },
      },
    },
    {
      what: 'notifications of objects through a queue, from the bucket itself',
      in: files,
      type: 'AWS::S3::Bucket',
      has: {
        VersioningConfiguration: { Status: 'Enabled' },
        LifecycleConfiguration: {
          Rules: Match.arrayWith([
            Match.objectLike({ NoncurrentVersionExpiration: { NoncurrentDays: 30 } }),
          ]),
        },
        NotificationConfiguration: {
          QueueConfigurations: [
            {
              Event: 's3:ObjectCreated:*',
              Filter: { S3Key: { Rules: [{ Name: 'prefix', Value: 'in/' }] } },
              Queue: Match.anyValue(),
            },
          ],
        },
      },
    },
    {
      what: 'a prefix with special characters is form-encoded, or S3 sends nothing for it',
      in: byDay,
      type: 'AWS::S3::Bucket',
      has: {
        NotificationConfiguration: {
          QueueConfigurations: [
            Match.objectLike({
              Filter: { S3Key: { Rules: [{ Name: 'prefix', Value: 'day%3D1/%C3%BC+b/' }] } },
            }),
          ],
        },
      },
    },
    {
      what: 'notifications of a queue: many at once, in few environments, bad ones by themselves',
      in: files,
      type: 'AWS::Lambda::EventSourceMapping',
      has: {
        BatchSize: 1_000,
        MaximumBatchingWindowInSeconds: 1,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        ScalingConfig: { MaximumConcurrency: 5 },
      },
    },
    {
      what: 'logs that end',
      in: clicks,
      type: 'AWS::Logs::LogGroup',
      has: { RetentionInDays: 30 },
    },
    {
      what: 'a created stream that grows by itself',
      in: clicks,
      type: 'AWS::Kinesis::Stream',
      has: {
        StreamModeDetails: { StreamMode: 'ON_DEMAND' },
        RetentionPeriodHours: 168,
        StreamEncryption: { EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' },
      },
    },
  ]
  test.each(rows)('$what', ({ in: { template }, type, has }) => {
    template.hasResourceProperties(type, has)
  })

  test.each([clicks, files, both, orders])(
    'every queue has a dead-letter queue, and queues and buckets can only be reached over TLS',
    ({ template }) => {
      const queues = Object.keys(template.findResources('AWS::SQS::Queue'))
      const withDeadLetters = Object.keys(
        template.findResources('AWS::SQS::Queue', {
          Properties: { RedrivePolicy: Match.anyValue() },
        }),
      )
      expect(queues.length).toBe(2 * withDeadLetters.length)
      template.resourceCountIs('AWS::SQS::QueuePolicy', queues.length)
      template.resourceCountIs(
        'AWS::S3::BucketPolicy',
        Object.keys(template.findResources('AWS::S3::Bucket')).length,
      )
      template.allResourcesProperties('AWS::S3::Bucket', {
        BucketEncryption: Match.anyValue(),
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        LifecycleConfiguration: Match.anyValue(),
      })
    },
  )

  test('nothing that a batch needs expires', () => {
    const [blocks] = Object.values(clicks.template.findResources('AWS::S3::Bucket')).filter(
      (resource) => JSON.stringify(resource).includes('abort-uploads'),
    )
    expect(JSON.stringify(blocks)).not.toContain('Expiration')
  })

  test("there is no function besides the two, with a generation of one's own", () => {
    for (const { template } of [clicks, files, both, orders])
      template.resourceCountIs('AWS::Lambda::Function', 2)
  })

  test('both functions have one bundle', () => {
    const codes = Object.values(clicks.template.findResources('AWS::Lambda::Function')).map(
      (resource) => JSON.stringify((resource as { Properties: { Code: unknown } }).Properties.Code),
    )
    expect(new Set(codes).size).toBe(1)
  })

  test.each([
    { in: clicks, alarms: 10 },
    { in: files, alarms: 9 },
    { in: both, alarms: 12 },
    { in: orders, alarms: 9 },
  ])('has $alarms alarms', ({ in: { template, app }, alarms }) => {
    template.resourceCountIs('AWS::CloudWatch::Alarm', alarms)
    expect(app.alarms).toHaveLength(alarms)
  })
})
