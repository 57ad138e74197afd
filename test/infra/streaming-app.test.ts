import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { Stream, StreamEncryption } from 'aws-cdk-lib/aws-kinesis'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3'
import { describe, expect, test } from 'vitest'
import { StreamingApp } from '../../infra/streaming-app.ts'
import { actionsIn, fixture, newStack, statementsOf, synthesise } from './stacks.ts'

const clicks = synthesise('clicks')
const files = synthesise('files')
const both = synthesise('both')

describe('what DESIGN.md section 8 asks of the wiring', () => {
  const rows = [
    {
      what: 'Kinesis: whole batches, one feeder, retries for ever, from the beginning, nothing filtered',
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
      what: 'Kinesis: from a time, with half a batch interval as window',
      in: both,
      type: 'AWS::Lambda::EventSourceMapping',
      has: { StartingPosition: 'AT_TIMESTAMP', StartingPositionTimestamp: 1_767_225_600, MaximumBatchingWindowInSeconds: 1 },
    },
    {
      what: 'the driver has at most two environments',
      in: clicks,
      type: 'AWS::Lambda::EventSourceMapping',
      has: { BatchSize: 10, MaximumBatchingWindowInSeconds: 0, ScalingConfig: { MaximumConcurrency: 2 } },
    },
    {
      what: 'the clock: each minute, always on, to the queue of the driver',
      in: clicks,
      type: 'AWS::Scheduler::Schedule',
      has: { ScheduleExpression: 'rate(1 minute)', Target: { Input: '{"app":"clicks","wind":true}' } },
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
        Environment: { Variables: { MILLRACE_GENERATION: Match.absent(), MILLRACE_TABLE: Match.anyValue() } },
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
      what: 'hints of objects through a queue, from the bucket itself',
      in: files,
      type: 'AWS::S3::Bucket',
      has: {
        VersioningConfiguration: { Status: 'Enabled' },
        NotificationConfiguration: {
          QueueConfigurations: [
            { Event: 's3:ObjectCreated:*', Filter: { S3Key: { Rules: [{ Name: 'prefix', Value: 'in/' }] } }, Queue: Match.anyValue() },
          ],
        },
      },
    },
    { what: 'logs that end', in: clicks, type: 'AWS::Logs::LogGroup', has: { RetentionInDays: 30 } },
    {
      what: 'a created stream that nobody has to size',
      in: clicks,
      type: 'AWS::Kinesis::Stream',
      has: { StreamModeDetails: { StreamMode: 'ON_DEMAND' }, StreamEncryption: { EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' } },
    },
  ]
  test.each(rows)('$what', ({ in: { template }, type, has }) => {
    template.hasResourceProperties(type, has)
  })

  test.each([clicks, files, both])(
    'every queue but a dead-letter queue has one, and every queue and bucket speaks TLS only',
    ({ template }) => {
      const queues = Object.keys(template.findResources('AWS::SQS::Queue'))
      const withDeadLetters = Object.keys(template.findResources('AWS::SQS::Queue', { Properties: { RedrivePolicy: Match.anyValue() } }))
      expect(queues.length).toBe(2 * withDeadLetters.length)
      template.resourceCountIs('AWS::SQS::QueuePolicy', queues.length)
      template.resourceCountIs('AWS::S3::BucketPolicy', Object.keys(template.findResources('AWS::S3::Bucket')).length)
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

  test('nothing that a batch needs has an expiry date', () => {
    const [blocks] = Object.values(clicks.template.findResources('AWS::S3::Bucket')).filter((resource) =>
      JSON.stringify(resource).includes('abort-uploads'),
    )
    expect(JSON.stringify(blocks)).not.toContain('Expiration')
  })

  test('brings no custom resource and no function besides its two', () => {
    for (const { template } of [clicks, files, both]) template.resourceCountIs('AWS::Lambda::Function', 2)
  })

  test('uploads one bundle for both functions', () => {
    const codes = Object.values(clicks.template.findResources('AWS::Lambda::Function')).map((resource) =>
      JSON.stringify((resource as { Properties: { Code: unknown } }).Properties.Code),
    )
    expect(new Set(codes).size).toBe(1)
  })

  test.each([
    { in: clicks, alarms: 12 },
    { in: files, alarms: 10 },
    { in: both, alarms: 13 },
  ])('has $alarms alarms', ({ in: { template, app }, alarms }) => {
    template.resourceCountIs('AWS::CloudWatch::Alarm', alarms)
    expect(app.alarms).toHaveLength(alarms)
  })
})

describe('bindings', () => {
  test('what is bound is used and not created', () => {
    const { template, app } = synthesise('clicks', (stack) => ({
      bindings: { clicks: new Stream(stack, 'Mine', { shardCount: 2 }), results: Bucket.fromBucketName(stack, 'Theirs', 'their-results') },
    }))
    template.resourceCountIs('AWS::Kinesis::Stream', 1)
    expect(Object.keys(template.findResources('AWS::S3::Bucket'))).toHaveLength(2)
    expect(app.buckets['results']?.bucketName).toBe('their-results')
    expect(JSON.stringify(statementsOf(template, 'AppDriverPolicy'))).toContain(':s3:::their-results/totals*')
  })

  test('text from a stream may come from a bucket, and text from files out of a stream', () => {
    const swapped = synthesise('both', (stack) => ({
      bindings: { clicks: new Bucket(stack, 'Mine'), 's3://drop/in/': new Stream(stack, 'Other') },
    }))
    expect(Object.keys(swapped.app.streams)).toEqual(['s3://drop/in/'])
    expect(Object.keys(swapped.app.buckets)).toEqual(['clicks', 'results'])
  })

  test('keys of encrypted streams and buckets are granted', () => {
    const { template } = synthesise('clicks', (stack) => ({
      bindings: {
        clicks: new Stream(stack, 'Mine', { encryption: StreamEncryption.KMS, encryptionKey: new Key(stack, 'StreamKey') }),
        results: new Bucket(stack, 'Theirs', { encryption: BucketEncryption.KMS, encryptionKey: new Key(stack, 'BucketKey') }),
      },
    }))
    const keysOf = (role: string): string => JSON.stringify(statementsOf(template, `App${role}RoleDefaultPolicy`))
    expect(keysOf('Intake')).toContain('StreamKey')
    expect(keysOf('Intake')).not.toContain('BucketKey')
    expect(keysOf('Driver')).toContain('BucketKey')
    expect(keysOf('Driver')).toContain('StreamKey')
  })

  test('a key for the application encrypts all that it creates', () => {
    const { template } = synthesise('both', (stack) => ({ encryptionKey: new Key(stack, 'Key') }))
    template.allResourcesProperties('AWS::S3::Bucket', {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' }, BucketKeyEnabled: true }],
      },
    })
    template.hasResourceProperties('AWS::DynamoDB::Table', { SSESpecification: { SSEType: 'KMS' } })
    template.hasResourceProperties('AWS::Kinesis::Stream', { StreamEncryption: { KeyId: Match.not('alias/aws/kinesis') } })
  })
})

describe('as users of the CDK expect', () => {
  test.each([
    { policy: undefined, deletion: 'Retain' },
    { policy: RemovalPolicy.DESTROY, deletion: 'Delete' },
  ])('what holds data has the deletion policy $deletion', ({ policy, deletion }) => {
    const { template } = synthesise('clicks', () => (policy === undefined ? {} : { removalPolicy: policy }))
    for (const type of ['AWS::DynamoDB::Table', 'AWS::Kinesis::Stream', 'AWS::S3::Bucket'])
      template.allResources(type, { DeletionPolicy: deletion })
  })

  test('two applications in one stack share nothing', () => {
    const stack = newStack()
    new StreamingApp(stack, 'One', { entry: fixture('clicks') })
    new StreamingApp(stack, 'Two', { entry: fixture('both') })
    const template = Template.fromStack(stack)
    template.resourceCountIs('AWS::DynamoDB::Table', 2)
    expect(JSON.stringify(statementsOf(template, 'OneDriverPolicy'))).not.toContain('Two')
    expect(JSON.stringify(statementsOf(template, 'TwoDriverPolicy'))).not.toContain('One')
  })

  test('metrics have options, and a namespace for each application', () => {
    const metric = clicks.app.metricLag({ period: Duration.minutes(5) })
    expect(metric).toMatchObject({ namespace: 'Millrace/Stack/App', metricName: 'Lag', statistic: 'Maximum' })
    expect(metric.period.toMinutes()).toBe(5)
    expect(clicks.app.metricBatches().metricName).toBe('Batches')
  })

  test.each([
    { grant: 'grantRead' as const, actions: ['dynamodb:GetItem', 'dynamodb:Query'], keys: ['clicks#*'] },
    { grant: 'grantReadDeadLetters' as const, actions: ['dynamodb:GetItem', 'dynamodb:Query'], keys: ['clicks#dlq#*'] },
  ])('$grant', ({ grant, actions, keys }) => {
    const stack = newStack()
    const app = new StreamingApp(stack, 'App', { entry: fixture('clicks') })
    app[grant](new Role(stack, 'Reader', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') }))
    const statements = statementsOf(Template.fromStack(stack), 'ReaderDefaultPolicy')
    expect(actionsIn(statements)).toEqual(actions)
    expect(statements[0]?.Condition).toEqual({ 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys } })
  })

  test('says what to do next', () => {
    const outputs = Object.values(both.template.findOutputs('*')).map(({ Description }: Record<string, unknown>) => String(Description))
    expect(outputs).toEqual([
      'Put records into this stream: clicks',
      'Drop files in here: drop',
      'Results appear here: results',
      'The table of the application',
      'Shows the application',
    ])
    clicks.template.hasOutput('*', { Value: 'npx millrace status --app clicks' })
  })
})

describe('bad input', () => {
  test.each([
    { entry: 'hasty', code: 'INTERVAL_UNFIT' },
    { entry: 'slow', code: 'INTERVAL_UNFIT' },
    { entry: 'in-memory', code: 'QUEUE_NOT_RECOVERABLE' },
    { entry: 'socket', code: 'BINDING_MISSING' },
    { entry: 'directory', code: 'BINDING_MISSING' },
    { entry: 'loop', code: 'BINDING_UNFIT' },
    { entry: 'exits', code: 'MODULE_UNREADABLE' },
    { entry: 'not-there', code: 'MODULE_NOT_FOUND' },
  ])('$entry is refused with $code', ({ entry, code }) => {
    expect(() => synthesise(entry)).toThrow(expect.objectContaining({ name: 'MillraceError', code }))
  })

  test('a bucket for Kinesis records, and a stream for an output', () => {
    const unfit = expect.objectContaining({ code: 'BINDING_UNFIT' }) as Error
    expect(() => synthesise('records', (stack) => ({ bindings: { clicks: new Bucket(stack, 'B') } }))).toThrow(unfit)
    expect(() => synthesise('clicks', (stack) => ({ bindings: { results: new Stream(stack, 'S') } }))).toThrow(unfit)
    expect(() => synthesise('clicks', () => ({ bindings: { clicks: 'a-name' as never } }))).toThrow(unfit)
  })

  test('a name that the pipeline does not have', () => {
    const unknown = expect.objectContaining({ code: 'BINDING_UNKNOWN' }) as Error
    expect(() => synthesise('clicks', (stack) => ({ bindings: { click: new Stream(stack, 'S') } }))).toThrow(unknown)
  })

  test('a bucket in another region', () => {
    const stack = newStack({ env: { account: '111111111111', region: 'eu-central-1' } })
    const results = Bucket.fromBucketAttributes(stack, 'B', { bucketName: 'far', region: 'us-east-1' })
    const make = (): unknown => new StreamingApp(stack, 'App', { entry: fixture('clicks'), bindings: { results } })
    expect(make).toThrow(expect.objectContaining({ code: 'BINDING_UNFIT' }))
  })

  test('a generation that does not order', () => {
    expect(() => synthesise('clicks', () => ({ generation: Number.NaN }))).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }))
  })
})
