import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { Stream, StreamEncryption } from 'aws-cdk-lib/aws-kinesis'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3'
import { describe, expect, test } from 'vitest'
import type { StreamingAppProps } from '../../infra/props.ts'
import { StreamingApp } from '../../infra/streaming-app.ts'
import { actionsIn, fixture, newStack, type Statement, statementsOf, synthesise } from './stacks.ts'

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
      has: {
        StartingPosition: 'AT_TIMESTAMP',
        StartingPositionTimestamp: 1_767_225_600,
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
          Variables: { MILLRACE_GENERATION: Match.absent(), MILLRACE_TABLE: Match.anyValue() },
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
      what: 'hints of objects through a queue, from the bucket itself',
      in: files,
      type: 'AWS::S3::Bucket',
      has: {
        VersioningConfiguration: { Status: 'Enabled' },
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
      what: 'logs that end',
      in: clicks,
      type: 'AWS::Logs::LogGroup',
      has: { RetentionInDays: 30 },
    },
    {
      what: 'a created stream that nobody has to size',
      in: clicks,
      type: 'AWS::Kinesis::Stream',
      has: {
        StreamModeDetails: { StreamMode: 'ON_DEMAND' },
        StreamEncryption: { EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' },
      },
    },
  ]
  test.each(rows)('$what', ({ in: { template }, type, has }) => {
    template.hasResourceProperties(type, has)
  })

  test.each([clicks, files, both])(
    'every queue but a dead-letter queue has one, and every queue and bucket speaks TLS only',
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

  test('nothing that a batch needs has an expiry date', () => {
    const [blocks] = Object.values(clicks.template.findResources('AWS::S3::Bucket')).filter(
      (resource) => JSON.stringify(resource).includes('abort-uploads'),
    )
    expect(JSON.stringify(blocks)).not.toContain('Expiration')
  })

  test('brings no custom resource and no function besides its two', () => {
    for (const { template } of [clicks, files, both])
      template.resourceCountIs('AWS::Lambda::Function', 2)
  })

  test('uploads one bundle for both functions', () => {
    const codes = Object.values(clicks.template.findResources('AWS::Lambda::Function')).map(
      (resource) => JSON.stringify((resource as { Properties: { Code: unknown } }).Properties.Code),
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
      bindings: {
        clicks: new Stream(stack, 'Mine', { shardCount: 2 }),
        results: Bucket.fromBucketName(stack, 'Theirs', 'their-results'),
      },
    }))
    template.resourceCountIs('AWS::Kinesis::Stream', 1)
    expect(Object.keys(template.findResources('AWS::S3::Bucket'))).toHaveLength(2)
    expect(app.buckets['results']?.bucketName).toBe('their-results')
    expect(JSON.stringify(statementsOf(template, 'AppDriverPolicy'))).toContain(
      ':s3:::their-results/totals*',
    )
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
        clicks: new Stream(stack, 'Mine', {
          encryption: StreamEncryption.KMS,
          encryptionKey: new Key(stack, 'StreamKey'),
        }),
        results: new Bucket(stack, 'Theirs', {
          encryption: BucketEncryption.KMS,
          encryptionKey: new Key(stack, 'BucketKey'),
        }),
      },
    }))
    const keysOf = (role: string): string =>
      JSON.stringify(statementsOf(template, `App${role}RoleDefaultPolicy`))
    expect(keysOf('Intake')).toContain('StreamKey')
    expect(keysOf('Intake')).not.toContain('BucketKey')
    expect(keysOf('Driver')).toContain('BucketKey')
    expect(keysOf('Driver')).toContain('StreamKey')
  })

  test('a key for the application encrypts all that it creates', () => {
    const { template } = synthesise('both', (stack) => ({ encryptionKey: new Key(stack, 'Key') }))
    template.allResourcesProperties('AWS::S3::Bucket', {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' }, BucketKeyEnabled: true },
        ],
      },
    })
    template.hasResourceProperties('AWS::DynamoDB::Table', { SSESpecification: { SSEType: 'KMS' } })
    template.hasResourceProperties('AWS::Kinesis::Stream', {
      StreamEncryption: { KeyId: Match.not('alias/aws/kinesis') },
    })
  })
})

/** The statements that a grant gives to somebody. */
const grantedBy = (
  grant: 'grantRead' | 'grantReadDeadLetters' | 'grantOperate',
  prepare: (stack: Stack) => Partial<StreamingAppProps> = () => ({}),
): readonly Statement[] => {
  const stack = newStack()
  const app = new StreamingApp(stack, 'App', { entry: fixture('clicks'), ...prepare(stack) })
  app[grant](new Role(stack, 'Somebody', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') }))
  return statementsOf(Template.fromStack(stack), 'SomebodyDefaultPolicy')
}

describe('as users of the CDK expect', () => {
  test.each([
    { policy: undefined, deletion: 'Retain' },
    { policy: RemovalPolicy.DESTROY, deletion: 'Delete' },
  ])('what holds data has the deletion policy $deletion', ({ policy, deletion }) => {
    const { template } = synthesise('clicks', () =>
      policy === undefined ? {} : { removalPolicy: policy },
    )
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
    expect(metric).toMatchObject({
      namespace: 'Millrace/Stack/App',
      metricName: 'Lag',
      statistic: 'Maximum',
    })
    expect(metric.period.toMinutes()).toBe(5)
    expect(clicks.app.metricBatches().metricName).toBe('Batches')
  })

  const PARAMETER = ['ssm:GetParameter']
  const READ = ['dynamodb:GetItem', 'dynamodb:Query']
  test.each([
    {
      grant: 'grantRead' as const,
      actions: [...READ, 's3:GetObject', 's3:ListBucket', ...PARAMETER],
      keys: ['clicks#*'],
    },
    {
      grant: 'grantReadDeadLetters' as const,
      actions: ['dynamodb:Query', ...PARAMETER],
      keys: ['clicks#dlq#*'],
    },
    {
      grant: 'grantOperate' as const,
      actions: [
        'dynamodb:BatchWriteItem',
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:Query',
        's3:DeleteObject',
        's3:GetObject',
        's3:ListBucket',
        's3:PutObject',
        'sqs:SendMessage',
        ...PARAMETER,
      ],
      keys: ['clicks#*'],
    },
  ])(
    '$grant gives what the commands use, on what is of the application',
    ({ grant, actions, keys }) => {
      const statements = grantedBy(grant)
      expect(actionsIn(statements)).toEqual(actions)
      for (const { Action, Condition, Resource } of statements) {
        const isTable = String(Action).includes('dynamodb')
        expect(Condition).toEqual(
          isTable ? { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys } } : undefined,
        )
        expect(Resource).not.toBe('*')
      }
    },
  )

  test.each([
    { grant: 'grantRead' as const, has: ['kms:Decrypt'] },
    { grant: 'grantReadDeadLetters' as const, has: ['kms:Decrypt'] },
    {
      grant: 'grantOperate' as const,
      has: ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
    },
  ])('$grant gives the key of what is encrypted', ({ grant, has }) => {
    const statements = grantedBy(grant, (stack) => ({ encryptionKey: new Key(stack, 'Key') }))
    expect(actionsIn(statements).filter((action) => action.startsWith('kms:'))).toEqual(has)
  })

  test('the command line finds the application by its name', () => {
    const [value] = Object.values(
      both.template.findResources('AWS::SSM::Parameter', {
        Properties: { Name: '/millrace/both', Tier: 'Standard' },
      }),
    )
    const text = JSON.stringify((value as { Properties: { Value: unknown } }).Properties.Value)
    for (const name of ['app', 'table', 'blocks', 'triggers', 'sources', 'generation', 'logs'])
      expect(text).toContain(`\\"${name}\\":`)
    expect(text).toContain('[\\"kinesisTextStream-1\\",\\"textFileStream-1\\"]')
  })

  test('stages side by side have names of their own, and the pipeline keeps its name in the table', () => {
    const { template, app } = synthesise('clicks', () => ({ appName: 'clicks-test' }))
    expect(app.appName).toBe('clicks-test')
    template.hasResourceProperties('AWS::SSM::Parameter', { Name: '/millrace/clicks-test' })
    template.hasOutput('*', { Value: 'npx millrace status --app clicks-test' })
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      Target: { Input: '{"app":"clicks","scheduleMinute":true}' },
    })
    expect(JSON.stringify(statementsOf(template, 'AppDriverPolicy'))).toContain('"clicks#*"')
  })

  test('says what to do next, in commands to copy', () => {
    const outputs = Object.entries(both.template.findOutputs('*')).map(
      ([id, { Description }]: [string, Record<string, unknown>]) => [id, Description],
    )
    expect(outputs).toEqual([
      ['AppPutclicks', 'Puts a record: clicks'],
      ['AppDropdropin', 'Drops a file: drop'],
      ['AppSeeresultsboth', 'Lists the results: results'],
      ['AppShow', 'Shows how the application is doing'],
      ['AppTableName', 'The table of the application'],
    ])
    clicks.template.hasOutput('AppShow', { Value: 'npx millrace status --app clicks' })
    expect(JSON.stringify(both.template.findOutputs('AppPutclicks'))).toMatch(
      /aws kinesis put-record --stream-name .*Streamclicks/,
    )
    expect(JSON.stringify(both.template.findOutputs('AppDropdropin'))).toMatch(
      /aws s3 cp FILE s3:.*Bucketdrop.*\/in\//,
    )
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
    expect(() => synthesise(entry)).toThrow(
      expect.objectContaining({ name: 'MillraceError', code }),
    )
  })

  test('a bucket for Kinesis records, and a stream for an output', () => {
    const unfit = expect.objectContaining({ code: 'BINDING_UNFIT' }) as Error
    expect(() =>
      synthesise('records', (stack) => ({ bindings: { clicks: new Bucket(stack, 'B') } })),
    ).toThrow(unfit)
    expect(() =>
      synthesise('clicks', (stack) => ({ bindings: { results: new Stream(stack, 'S') } })),
    ).toThrow(unfit)
    expect(() => synthesise('clicks', () => ({ bindings: { clicks: 'a-name' as never } }))).toThrow(
      unfit,
    )
  })

  test('a name that the pipeline does not have', () => {
    const unknown = expect.objectContaining({ code: 'BINDING_UNKNOWN' }) as Error
    expect(() =>
      synthesise('clicks', (stack) => ({ bindings: { click: new Stream(stack, 'S') } })),
    ).toThrow(unknown)
  })

  test('a bucket in another region', () => {
    const stack = newStack({ env: { account: '111111111111', region: 'eu-central-1' } })
    const results = Bucket.fromBucketAttributes(stack, 'B', {
      bucketName: 'far',
      region: 'us-east-1',
    })
    const make = (): unknown =>
      new StreamingApp(stack, 'App', { entry: fixture('clicks'), bindings: { results } })
    expect(make).toThrow(expect.objectContaining({ code: 'BINDING_UNFIT' }))
  })

  test.each(['', 'a b', '/a', 'a'.repeat(65)])('the name %j', (appName) => {
    expect(() => synthesise('clicks', () => ({ appName }))).toThrow(
      expect.objectContaining({ code: 'ARGUMENT_INVALID' }),
    )
  })

  test('a generation that does not order', () => {
    expect(() => synthesise('clicks', () => ({ generation: Number.NaN }))).toThrow(
      expect.objectContaining({ code: 'ARGUMENT_INVALID' }),
    )
  })
})
