import { Match } from 'aws-cdk-lib/assertions'
import { type IVpc, SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { describe, expect, test } from 'vitest'
import { KafkaCluster } from '../../infra/sources/kafka/cluster.ts'
import type { StreamingAppProps } from '../../infra/props.ts'
import { actionsIn, locationsOf, statementsOf, synthesise } from './stacks.ts'

const ARN = 'arn:aws:kafka:eu-west-1:111111111111:cluster/shop/1234-5'
const BROKERS = ['one.example.com:9096', 'two.example.com:9096']
const managed = synthesise('topics', () => ({ bindings: { sold: ARN, returned: ARN } }))
const own = synthesise('topics', (stack) => {
  const vpc = new Vpc(stack, 'Vpc') as IVpc
  const cluster = new KafkaCluster(stack, 'Cluster', {
    brokers: BROKERS,
    secret: Secret.fromSecretNameV2(stack, 'Login', 'login'),
    rootCertificate: Secret.fromSecretNameV2(stack, 'Root', 'root'),
    network: { vpc, securityGroup: new SecurityGroup(stack, 'Group', { vpc }) },
  })
  return { bindings: { sold: cluster, returned: cluster } }
})

/** The mappings of topics in a template, by their topic. */
const mappingsOf = ({ template }: typeof managed): Readonly<Record<string, object>> =>
  Object.fromEntries(
    Object.values(template.findResources('AWS::Lambda::EventSourceMapping'))
      .map((resource) => (resource as { Properties: { Topics?: readonly string[] } }).Properties)
      .flatMap((properties) => (properties.Topics ?? []).map((topic) => [topic, properties])),
  )

describe('a cluster that AWS manages', () => {
  test('calls intake by a mapping for each topic, from the beginning', () => {
    const common = {
      FunctionName: { Ref: expect.stringMatching(/^AppIntake/) as unknown },
      EventSourceArn: ARN,
      BatchSize: 10_000,
      MaximumBatchingWindowInSeconds: 5,
      StartingPosition: 'TRIM_HORIZON',
    }
    expect(mappingsOf(managed)).toEqual({
      'shop.orders': {
        ...common,
        Topics: ['shop.orders'],
        AmazonManagedKafkaEventSourceConfig: { ConsumerGroupId: 'StackAppD106A309-sold' },
      },
      returned: {
        ...common,
        Topics: ['returned'],
        AmazonManagedKafkaEventSourceConfig: { ConsumerGroupId: 'StackAppD106A309-returned' },
      },
    })
  })

  test('tells the functions where topics are', () => {
    expect(locationsOf(managed.template, 'MILLRACE_SOURCES')).toEqual({
      'kafka-1': { kind: 'kafka', cluster: ARN, topic: 'shop.orders' },
      'kafka-2': { kind: 'kafka', cluster: ARN, topic: 'shop.orders' },
      'kafka-3': { kind: 'kafka', cluster: ARN, topic: 'returned' },
    })
  })

  test('lets intake in, to these topics and groups, and nobody else', () => {
    const statements = statementsOf(managed.template, 'AppIntakePolicy')
    const on = (action: string): readonly unknown[] =>
      statements
        .filter(({ Action }) => [Action].flat().includes(action))
        .map(({ Resource }) => Resource)
    const part = (type: string, name: string): string =>
      `arn:aws:kafka:eu-west-1:111111111111:${type}/shop/1234-5/${name}`
    expect(new Set(on('kafka-cluster:ReadData').flat())).toEqual(
      new Set([part('topic', 'returned'), part('topic', 'shop.orders')]),
    )
    expect(new Set(on('kafka-cluster:AlterGroup').flat())).toEqual(
      new Set([part('group', 'StackAppD106A309-returned'), part('group', 'StackAppD106A309-sold')]),
    )
    expect([...new Set(on('kafka-cluster:Connect').flat())]).toEqual([ARN])
    const ofDriver = actionsIn(statementsOf(managed.template, 'AppDriverPolicy'))
    expect(ofDriver.filter((action) => /kafka|ec2/.test(action))).toEqual([])
  })

  test('rings when intake never catches up within the time that records may wait', () => {
    managed.template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'OffsetLag',
      Statistic: 'Minimum',
      Period: 60,
      EvaluationPeriods: 360,
      DatapointsToAlarm: 360,
      Threshold: 0,
      Dimensions: [{ Name: 'FunctionName', Value: { Ref: Match.stringLikeRegexp('^AppIntake') } }],
    })
  })
})

describe('a cluster of your own', () => {
  test('is reached by its brokers, in its network, with its secrets', () => {
    const [mapping] = Object.values(mappingsOf(own))
    expect(mapping).toMatchObject({
      SelfManagedEventSource: { Endpoints: { KafkaBootstrapServers: BROKERS } },
      SelfManagedKafkaEventSourceConfig: { ConsumerGroupId: 'StackAppD106A309-sold' },
    })
    const access = (mapping as { SourceAccessConfigurations: readonly { Type: string }[] })
      .SourceAccessConfigurations
    expect(access.map(({ Type }) => Type)).toEqual([
      'SASL_SCRAM_512_AUTH',
      'SERVER_ROOT_CA_CERTIFICATE',
      'VPC_SECURITY_GROUP',
      'VPC_SUBNET',
      'VPC_SUBNET',
    ])
    const actions = actionsIn(statementsOf(own.template, 'AppIntakePolicy'))
    expect(actions).toEqual(
      expect.arrayContaining(['secretsmanager:GetSecretValue', 'ec2:CreateNetworkInterface']),
    )
    expect(actions.filter((action) => action.startsWith('kafka'))).toEqual([])
  })
})

test.each([
  {
    how: 'no cluster',
    name: 'topics',
    bindings: {},
    error: { code: 'BINDING_MISSING', message: expect.stringContaining('creates none') as unknown },
  },
  {
    how: 'a source that names no topic',
    name: 'orders',
    bindings: { orders: ARN },
    error: {
      code: 'BINDING_UNFIT',
      message: expect.stringContaining("kafka('orders')") as unknown,
    },
  },
])('refuses $how', ({ name, bindings, error }) => {
  const prepare = (): Partial<StreamingAppProps> => ({ bindings })
  expect(() => synthesise(name, prepare)).toThrow(expect.objectContaining(error) as Error)
})
