import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import { describe, expect, test } from 'vitest'
import type { StreamingAppProps } from '../../infra/props.ts'
import { StreamingApp } from '../../infra/streaming-app.ts'
import { actionsIn, fixture, newStack, type Statement, statementsOf, synthesise } from './stacks.ts'

const clicks = synthesise('clicks')
const both = synthesise('both')
const orders = synthesise('orders')

/** The statements that somebody is granted. */
const grantedBy = (
  grant: 'grantRead' | 'grantReadDeadLetters' | 'grantReadState' | 'grantReceive' | 'grantOperate',
  prepare: (stack: Stack) => Partial<StreamingAppProps> = () => ({}),
): readonly Statement[] => {
  const stack = newStack()
  const app = new StreamingApp(stack, 'App', { entry: fixture('clicks'), ...prepare(stack) })
  app[grant](new Role(stack, 'Somebody', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') }))
  return statementsOf(Template.fromStack(stack), 'SomebodyDefaultPolicy')
}

describe('what users of the CDK expect', () => {
  test.each([
    { policy: undefined, deletion: 'RetainExceptOnCreate' },
    { policy: RemovalPolicy.RETAIN, deletion: 'Retain' },
    { policy: RemovalPolicy.DESTROY, deletion: 'Delete' },
  ])('what holds data has the deletion policy $deletion', ({ policy, deletion }) => {
    const props = policy === undefined ? {} : { removalPolicy: policy }
    for (const [name, types] of [
      ['clicks', ['AWS::DynamoDB::Table', 'AWS::Kinesis::Stream', 'AWS::S3::Bucket']],
      ['orders', ['AWS::DynamoDB::Table', 'AWS::S3::Bucket']],
    ] as const) {
      const { template } = synthesise(name, () => props)
      for (const type of types) template.allResources(type, { DeletionPolicy: deletion })
    }
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

  test('metrics take options, and each application has a namespace', () => {
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
      grant: 'grantReadState' as const,
      actions: ['dynamodb:GetItem', 's3:GetObject', 's3:ListBucket', ...PARAMETER],
      keys: ['clicks#head', 'clicks#seg#@manifest*'],
    },
    {
      grant: 'grantReceive' as const,
      actions: [
        'dynamodb:BatchWriteItem',
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:Query',
        's3:PutObject',
        'sqs:SendMessage',
        ...PARAMETER,
      ],
      keys: ['clicks#head', 'clicks#in*', 'clicks#dlq#*', 'clicks#seg#*'],
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
    '$grant gives what the commands use, on the resources of the application',
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
    { grant: 'grantReadState' as const, has: ['kms:Decrypt'] },
    {
      grant: 'grantOperate' as const,
      has: ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
    },
  ])('$grant gives the key of encrypted resources', ({ grant, has }) => {
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
    // Triggers, and notifications of the bucket.
    const standing = `{"alarms":${both.app.alarms.length},"polledQueues":2}`
    expect(text).toContain(`\\"standing\\":${standing.replaceAll('"', '\\"')}`)
  })

  test('stages have names of their own, and the pipeline keeps its name in the table', () => {
    const { template, app } = synthesise('clicks', () => ({ appName: 'clicks-test' }))
    expect(app.appName).toBe('clicks-test')
    template.hasResourceProperties('AWS::SSM::Parameter', { Name: '/millrace/clicks-test' })
    template.hasOutput('*', { Value: 'npx millrace status --app clicks-test' })
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      Target: { Input: '{"app":"clicks","scheduleMinute":true}' },
    })
    expect(JSON.stringify(statementsOf(template, 'AppDriverPolicy'))).toContain('"clicks#*"')
  })

  test('the deployment prints commands to copy', () => {
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
    expect(JSON.stringify(orders.template.findOutputs('AppSendorders'))).toMatch(
      /aws sqs send-message --queue-url .*Queueorders/,
    )
    expect(JSON.stringify(orders.template.findOutputs('AppSeetotals'))).toMatch(
      /aws dynamodb scan --table-name .*Tabletotals/,
    )
  })
})
