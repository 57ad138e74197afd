/**
 * What users of the CDK set, all at once: each row is an option, and what the template then has.
 * The rows are complete: a new option needs a row, or the test that has it.
 */
import { App, Aspects, CfnResource, Duration, RemovalPolicy, Size, Stack, Tags } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import { AttributeType, Table } from 'aws-cdk-lib/aws-dynamodb'
import { type IVpc, SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2'
import { ManagedPolicy, PermissionsBoundary } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Architecture, LayerVersion, LoggingFormat, Tracing } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { AwsSolutionsChecks } from 'cdk-nag'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { StreamingAppProps } from '../../infra/props.ts'
import { StreamingApp } from '../../infra/streaming-app.ts'
import { type OptionsInterface, optionsOf } from '../../scripts/options-table.ts'
import { fixture } from './stacks.ts'

const LAYER = 'arn:aws:lambda:eu-west-1:123456789012:layer:own:1'
const BOUNDARY = 'arn:aws:iam::123456789012:policy/boundary'
const UNBUNDLED = { 'aws:cdk:bundling-stacks': [] }

const everything = (stack: Stack): Omit<StreamingAppProps, 'entry'> => {
  const vpc = new Vpc(stack, 'Vpc', { natGateways: 0 })
  const key = new Key(stack, 'Key', { enableKeyRotation: true })
  const theirKey = { name: 'pk', type: AttributeType.STRING }
  return {
    vpc,
    vpcSubnets: { subnets: vpc.isolatedSubnets },
    securityGroups: [new SecurityGroup(stack, 'Group', { vpc: vpc as IVpc })],
    environment: { STAGE: 'test' },
    layers: [LayerVersion.fromLayerVersionArn(stack, 'Layer', LAYER)],
    tracing: Tracing.ACTIVE,
    architecture: Architecture.X86_64,
    loggingFormat: LoggingFormat.JSON,
    bindings: { drop: Bucket.fromBucketName(stack, 'Theirs', 'theirs') },
    table: new Table(stack, 'Own', {
      partitionKey: theirKey,
      sortKey: { name: 'sk', type: AttributeType.STRING },
      timeToLiveAttribute: 'ttl',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    }),
    appName: 'all-of-it',
    removalPolicy: RemovalPolicy.DESTROY,
    streamRetention: Duration.days(2),
    encryptionKey: key,
    intake: { reservedConcurrentExecutions: 7, environment: { ONLY: 'intake' } },
    driver: {
      memorySize: 3_008,
      timeout: Duration.minutes(5),
      ephemeralStorageSize: Size.gibibytes(2),
      logGroup: new LogGroup(stack, 'OwnLogs'),
      functionProps: { functionName: 'the-driver' },
    },
    executors: 2,
    logRetention: RetentionDays.SIX_MONTHS,
    logEncryptionKey: key,
    dashboard: true,
    meter: true,
    lagMax: Duration.hours(1),
    alarms: { failedBatches: { threshold: 3 }, driverSilent: false },
    alarmActions: [new SnsAction(new Topic(stack, 'Alarms', { enforceSSL: true, masterKey: key }))],
  }
}

/** A stack with an application that has all options. `prepare` is called before. */
const synthesiseAll = (context: Record<string, unknown> = {}) => {
  const program = new App({ context: { ...UNBUNDLED, ...context } })
  const stack = new Stack(program, 'Stack')
  const app = new StreamingApp(stack, 'App', { entry: fixture('both'), ...everything(stack) })
  return { program, stack, app }
}

const all = synthesiseAll()
Tags.of(all.app).add('team', 'clicks')
const template = Template.fromStack(all.stack)

interface Row {
  readonly option: string
  readonly type: string
  readonly has: object
  /** Which resources of the type. Default: some. */
  readonly of?: 'all' | 'functions of the pipeline'
}

const LAMBDA = 'AWS::Lambda::Function'
const ALARM = 'AWS::CloudWatch::Alarm'
const variables = (has: object): object => ({ Environment: { Variables: Match.objectLike(has) } })
const ref = (id: string): object => Match.objectLike({ Ref: Match.stringLikeRegexp(`^${id}`) })
const arnOf = (id: string): object => ({ 'Fn::GetAtt': [Match.stringLikeRegexp(`^${id}`), 'Arn'] })
const ofPipeline = 'functions of the pipeline'

const rows: readonly Row[] = [
  {
    option: 'vpc',
    type: LAMBDA,
    of: ofPipeline,
    has: { VpcConfig: { SubnetIds: Match.anyValue() } },
  },
  {
    option: 'vpcSubnets',
    type: LAMBDA,
    of: ofPipeline,
    has: { VpcConfig: { SubnetIds: [ref('VpcIsolated'), ref('VpcIsolated')] } },
  },
  {
    option: 'securityGroups',
    type: LAMBDA,
    of: ofPipeline,
    has: {
      VpcConfig: {
        SecurityGroupIds: [{ 'Fn::GetAtt': [Match.stringLikeRegexp('^Group'), 'GroupId'] }],
      },
    },
  },
  { option: 'environment', type: LAMBDA, of: ofPipeline, has: variables({ STAGE: 'test' }) },
  { option: 'layers', type: LAMBDA, of: ofPipeline, has: { Layers: [LAYER] } },
  { option: 'tracing', type: LAMBDA, of: 'all', has: { TracingConfig: { Mode: 'Active' } } },
  // A region without ARM has no ARM for the function that numbers deployments either.
  { option: 'architecture', type: LAMBDA, of: 'all', has: { Architectures: ['x86_64'] } },
  {
    option: 'loggingFormat',
    type: LAMBDA,
    of: 'all',
    has: { LoggingConfig: Match.objectLike({ LogFormat: 'JSON' }) },
  },
  { option: 'table', type: LAMBDA, of: ofPipeline, has: variables({ MILLRACE_TABLE: ref('Own') }) },
  { option: 'appName', type: 'AWS::SSM::Parameter', has: { Name: '/millrace/all-of-it' } },
  { option: 'streamRetention', type: 'AWS::Kinesis::Stream', has: { RetentionPeriodHours: 48 } },
  {
    option: 'encryptionKey',
    type: 'AWS::Kinesis::Stream',
    has: { StreamEncryption: { EncryptionType: 'KMS', KeyId: arnOf('Key') } },
  },
  {
    option: 'intake',
    type: LAMBDA,
    has: {
      Handler: 'intake.handler',
      ReservedConcurrentExecutions: 7,
      ...variables({ ONLY: 'intake' }),
    },
  },
  {
    option: 'driver',
    type: LAMBDA,
    has: {
      Handler: 'driver.handler',
      MemorySize: 3_008,
      Timeout: 300,
      EphemeralStorage: { Size: 2_048 },
      FunctionName: 'the-driver',
      LoggingConfig: Match.objectLike({ LogGroup: ref('OwnLogs') }),
    },
  },
  {
    option: 'executors',
    type: LAMBDA,
    has: { Handler: 'executor.handler', ReservedConcurrentExecutions: 1 },
  },
  {
    option: 'logRetention',
    type: 'AWS::Logs::LogGroup',
    has: { RetentionInDays: 180 },
  },
  { option: 'logEncryptionKey', type: 'AWS::Logs::LogGroup', has: { KmsKeyId: arnOf('Key') } },
  { option: 'dashboard', type: 'AWS::CloudWatch::Dashboard', has: {} },
  { option: 'meter', type: LAMBDA, of: ofPipeline, has: variables({ MILLRACE_METER: 'log' }) },
  {
    option: 'lagMax',
    type: 'AWS::Logs::MetricFilter',
    has: { FilterPattern: '{ $.lagMs > 3600000 }' },
  },
  { option: 'alarms', type: ALARM, has: { MetricName: 'FailedBatches', Threshold: 3 } },
  { option: 'alarmActions', type: ALARM, of: 'all', has: { AlarmActions: [ref('Alarms')] } },
]

/** Options that no resource shows, or that cannot be beside these: each has tests elsewhere. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  entry: 'construct.test.ts',
  bindings: 'bindings.test.ts',
  receive: 'receive.test.ts',
  removalPolicy: 'construct.test.ts',
  notifications: 'notifications.test.ts',
  generation: 'generation.test.ts',
  bundling: 'function-settings.test.ts',
  packageLayer: 'package-layer.test.ts',
}

/** The names of the options in an interface. */
const namesIn = (name: OptionsInterface): readonly string[] =>
  optionsOf(name)
    .map(({ name: option }) => option)
    .toSorted()

/** The properties of the resources of a type, with their handlers. */
const resources = (type: string): readonly Readonly<Record<string, unknown>>[] =>
  Object.values(template.findResources(type)).map(
    (resource) => (resource as { Properties?: Record<string, unknown> }).Properties ?? {},
  )

/** The functions that the CDK adds for its custom resources have settings of their own. */
const isOurs = ({ Handler }: Readonly<Record<string, unknown>>): boolean =>
  /^(intake|driver|executor|generation)\.handler$/.test(String(Handler))

describe('an option that is set', () => {
  test.each(rows)('$option is in the template', ({ type, has, of }) => {
    const found = Object.keys(template.findResources(type, { Properties: has })).length
    const wanted = resources(type).filter(
      (one) =>
        type !== LAMBDA ||
        (isOurs(one) && (of !== ofPipeline || one['Handler'] !== 'generation.handler')),
    ).length
    expect(found).toBeGreaterThan(0)
    if (of !== undefined) expect(found).toBe(wanted)
  })

  test('is in these rows, or has a test elsewhere', () => {
    const given = [...rows.map(({ option }) => option), ...Object.keys(ELSEWHERE)]
    expect(given.toSorted()).toEqual(namesIn('StreamingAppProps'))
    for (const [option, file] of Object.entries(ELSEWHERE))
      expect(readFileSync(join(import.meta.dirname, file), 'utf8')).toContain(option)
  })

  test('of one function is in the rows of intake and driver', () => {
    const set = everything(new Stack())
    const given = new Set([...Object.keys(set.intake ?? {}), ...Object.keys(set.driver ?? {})])
    expect([...given].toSorted()).toEqual(namesIn('FunctionSettings'))
  })
})

test('cdk-nag finds only what is explained', () => {
  const ours = new AwsSolutionsChecks(all.stack)
    .validateScope(all.stack.node.root)
    .violations.flatMap(({ violatingResources }) => violatingResources)
    .filter((resource) => JSON.stringify(resource).includes('Stack/App'))
  expect(ours).toEqual([])
})

test('a tag reaches everything that can have one', () => {
  const untagged = Object.entries(template.toJSON()['Resources'] as Record<string, object>)
    .filter(([id]) => id.startsWith('App'))
    .filter(([, resource]) => !JSON.stringify(resource).includes('"team"'))
    .map(([, resource]) => (resource as { Type: string }).Type)
  const never = [
    'AWS::CloudWatch::Alarm',
    'AWS::CloudWatch::Dashboard',
    'AWS::IAM::Policy',
    'AWS::Lambda::Permission',
    'AWS::Logs::MetricFilter',
    'AWS::S3::BucketPolicy',
    'AWS::SQS::QueuePolicy',
    'AWS::Scheduler::Schedule',
    'Custom::MillraceGeneration',
    'Custom::S3BucketNotifications',
  ]
  expect([...new Set(untagged)].filter((type) => !never.includes(type))).toEqual([])
})

describe('a boundary of permissions is on every role, also those of custom resources', () => {
  const boundaries = ({ stack }: { readonly stack: Stack }): readonly unknown[] => {
    const found = Template.fromStack(stack).findResources('AWS::IAM::Role')
    return Object.values(found).map(
      (role) => (role as { Properties: { PermissionsBoundary?: unknown } }).Properties,
    )
  }

  test.each([
    {
      how: 'by PermissionsBoundary.of()',
      make: () => {
        const made = synthesiseAll()
        const policy = ManagedPolicy.fromManagedPolicyArn(made.stack, 'Boundary', BOUNDARY)
        PermissionsBoundary.of(made.program).apply(policy)
        return made
      },
      is: BOUNDARY,
    },
    {
      how: 'by the context of cdk bootstrap',
      make: () => synthesiseAll({ '@aws-cdk/core:permissionsBoundary': { name: 'boundary' } }),
      is: Match.anyValue(),
    },
  ])('$how', ({ make, is }) => {
    const made = make()
    const roles = boundaries(made)
    // Intake, driver, executors, numbering, the clock, and the notifications of a bucket.
    expect(roles.length).toBeGreaterThanOrEqual(6)
    Template.fromStack(made.stack).allResourcesProperties('AWS::IAM::Role', {
      PermissionsBoundary: is,
    })
  })
})

test('an aspect that changes functions late is seen by the number of the deployment', () => {
  const contentWith = (memory: number | undefined): unknown => {
    const program = new App({ context: UNBUNDLED })
    const stack = new Stack(program, 'Stack')
    new StreamingApp(stack, 'App', { entry: fixture('clicks') })
    if (memory !== undefined)
      Aspects.of(program).add({
        visit: (node) => {
          if (CfnResource.isCfnResource(node) && node.cfnResourceType === LAMBDA)
            node.addPropertyOverride('MemorySize', memory)
        },
      })
    const [resource] = Object.values(
      Template.fromStack(stack).findResources('Custom::MillraceGeneration'),
    )
    return (resource as { Properties: { Content: unknown } }).Properties.Content
  }
  expect(contentWith(2_048)).not.toEqual(contentWith(undefined))
})
