import type { Stack } from 'aws-cdk-lib'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  type AccessLevel,
  actionsOf,
  distinctActions,
  type Grant,
  grants,
  type Role,
} from '../../infra/grants.ts'
import type { GivenBindings } from '../../infra/bindable.ts'
import { KafkaCluster } from '../../infra/sources/kafka/cluster.ts'
import { deployedKinds } from '../../infra/kinds.ts'
import { actionsIn, type Statement, statementsOf, synthesise, textOf } from './stacks.ts'

// Three things must agree: the commands in the code, the lists in infra/grants.ts and in the files
// of the kinds, and the policies in the templates.

const root = join(import.meta.dirname, '..', '..')

/** The actions that AWS checks for a command: always, and with some parameters. */
const ACTIONS: Readonly<
  Record<string, { readonly always: readonly string[]; readonly also?: readonly string[] }>
> = {
  GetItemCommand: { always: ['dynamodb:GetItem'] },
  QueryCommand: { always: ['dynamodb:Query'] },
  PutItemCommand: { always: ['dynamodb:PutItem'] },
  UpdateItemCommand: { always: ['dynamodb:UpdateItem'] },
  DeleteItemCommand: { always: ['dynamodb:DeleteItem'] },
  BatchGetItemCommand: { always: ['dynamodb:BatchGetItem'] },
  BatchWriteItemCommand: { always: ['dynamodb:BatchWriteItem'] },
  ScanCommand: { always: ['dynamodb:Scan'] },
  DescribeTableCommand: { always: ['dynamodb:DescribeTable'] },
  // With a version. Without the right to list, S3 says "denied" of a missing object.
  GetObjectCommand: { always: ['s3:GetObject'], also: ['s3:GetObjectVersion', 's3:ListBucket'] },
  HeadObjectCommand: { always: ['s3:GetObject'], also: ['s3:GetObjectVersion', 's3:ListBucket'] },
  PutObjectCommand: { always: ['s3:PutObject'] },
  DeleteObjectCommand: { always: ['s3:DeleteObject'] },
  DeleteObjectsCommand: { always: ['s3:DeleteObject'] },
  ListObjectsV2Command: { always: ['s3:ListBucket'] },
  GetRecordsCommand: { always: ['kinesis:GetRecords'] },
  GetShardIteratorCommand: { always: ['kinesis:GetShardIterator'] },
  ListShardsCommand: { always: ['kinesis:ListShards'] },
  DescribeStreamSummaryCommand: { always: ['kinesis:DescribeStreamSummary'] },
  SendMessageCommand: { always: ['sqs:SendMessage'] },
  SendMessageBatchCommand: { always: ['sqs:SendMessage'] },
  PublishBatchCommand: { always: ['sns:Publish'] },
  PutEventsCommand: { always: ['events:PutEvents'] },
  PutRecordsCommand: { always: ['kinesis:PutRecords'] },
  GetParameterCommand: { always: ['ssm:GetParameter'] },
  GetSecretValueCommand: { always: ['secretsmanager:GetSecretValue'] },
  InvokeCommand: { always: ['lambda:InvokeFunction'] },
}

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))

/** The commands that the functions and the command line send. They use the same adapters. */
const commands: readonly string[] = [
  ...new Set(
    ['lib/adapters/aws', 'lib/sinks', 'functions']
      .flatMap(filesBelow)
      .flatMap((file) =>
        [...readFileSync(file, 'utf8').matchAll(/\bnew (\w+Command)\b/g)].map(
          ([, name]) => name ?? '',
        ),
      ),
  ),
]

/** What a role may do with one type of resource: `table`, or `kinesis.streams` of a kind. */
type Lists = Readonly<Record<string, readonly Grant[]>>

const listsOf = (role: Role): Lists => ({
  ...grants[role],
  ...Object.fromEntries(
    deployedKinds().flatMap(({ name, grants: ofKind }) =>
      Object.entries(ofKind).map(([type, byRole]) => [`${name}.${type}`, byRole[role] ?? []]),
    ),
  ),
})
const LISTS: Readonly<Record<Role | AccessLevel, Lists>> = {
  ...grants,
  intake: listsOf('intake'),
  driver: listsOf('driver'),
  executor: listsOf('executor'),
}

const usedByCode = (role: Role | AccessLevel): readonly string[] =>
  Object.values(LISTS[role])
    .flat()
    .filter(({ by }) => by === 'code')
    .flatMap(({ actions }) => actions)
const roles = Object.keys(LISTS) as readonly (Role | AccessLevel)[]
const declaredForCode: readonly string[] = [...new Set(roles.flatMap(usedByCode))].toSorted()

describe('the list and the code', () => {
  test('the code sends commands, and each is known here', () => {
    expect(commands.length).toBeGreaterThan(5)
    expect(commands.filter((name) => ACTIONS[name] === undefined)).toEqual([])
  })

  test('every action that the code needs is granted', () => {
    const needed = commands.flatMap((name) => ACTIONS[name]?.always ?? [])
    expect(needed.filter((action) => !declaredForCode.includes(action))).toEqual([])
  })

  test('an executor writes nothing but its answers and parts of outputs', () => {
    const { answers = [], 'objects.outputs': outputs = [], ...others } = LISTS.executor
    const actions = distinctActions(Object.values(others).flat())
    expect(actions.filter((action) => /Put|Write|Delete|Send|Publish/.test(action))).toEqual([
      'logs:PutLogEvents',
    ])
    expect(distinctActions(answers)).toEqual(['s3:PutObject'])
    expect(distinctActions(outputs)).toEqual(['s3:GetObject', 's3:PutObject'])
  })

  test('a reader writes nothing, and an operator may do the same to items as the driver', () => {
    const writes = /Put|Write|Delete|Send|Publish/
    for (const level of ['reader', 'deadLetterReader', 'stateReader'] as const)
      expect(usedByCode(level).filter((action) => writes.test(action))).toEqual([])
    for (const subject of ['table', 'blocks'] as const)
      expect(actionsOf('operator', subject)).toEqual(actionsOf('driver', subject))
  })

  test('nothing more is granted to the code', () => {
    const explained = commands.flatMap((name) => [
      ...(ACTIONS[name]?.always ?? []),
      ...(ACTIONS[name]?.also ?? []),
    ])
    expect(declaredForCode.filter((action) => !explained.includes(action))).toEqual([])
  })
})

/** The actions that the lists have for these types of resources. */
const listed = (role: Role, types: readonly string[]): readonly string[] =>
  [...new Set(types.flatMap((type) => distinctActions(LISTS[role][type])))].toSorted()

const CLUSTER = 'arn:aws:kafka:eu-west-1:111111111111:cluster/shop/'
const SECRET = 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:login'

const applications: readonly {
  readonly name: string
  /** Left out: everything is created. */
  readonly given?: (stack: Stack) => GivenBindings
  readonly intake: readonly string[]
  readonly driver: readonly string[]
  /** Those of executors. Left out: there are none. */
  readonly executor?: readonly string[]
}[] = [
  {
    name: 'clicks',
    intake: ['kinesis.streams', 'kinesis.discards'],
    driver: ['kinesis.streams', 'objects.outputs'],
  },
  { name: 'files', intake: ['objects.notifications'], driver: ['objects.objects'] },
  { name: 'orders', intake: ['sqs.queues'], driver: ['dynamodb.tables'] },
  {
    name: 'messages',
    intake: ['kinesis.streams', 'kinesis.discards'],
    driver: [
      'kinesis.streams',
      'sqs-output.queues',
      'sns.topics',
      'eventbridge.buses',
      'kinesis-output.streams',
    ],
  },
  {
    name: 'items',
    intake: ['kinesis.streams', 'kinesis.discards'],
    driver: ['kinesis.streams', 'items.tables'],
  },
  {
    name: 'keys',
    given: (stack) => ({ scores: Secret.fromSecretNameV2(stack, 'Mine', 'scores') }),
    intake: ['kinesis.streams', 'kinesis.discards'],
    driver: ['kinesis.streams', 'redis.secrets'],
  },
  {
    name: 'scores',
    given: (stack) => ({ scores: Secret.fromSecretNameV2(stack, 'Mine', 'scores') }),
    intake: ['kinesis.streams', 'kinesis.discards'],
    driver: ['kinesis.streams', 'postgres.secrets'],
  },
  {
    name: 'topics',
    intake: ['kafka.clusters', 'kafka.clustersByRole', 'kafka.networks', 'kafka.secrets'],
    driver: ['objects.outputs'],
    given: (stack) => ({
      sold: new KafkaCluster(stack, 'Cluster', {
        clusterArn: `${CLUSTER}1`,
        secret: Secret.fromSecretCompleteArn(stack, 'Login', `${SECRET}-abcdef`),
      }),
      returned: `${CLUSTER}2`,
    }),
  },
  {
    name: 'changes',
    intake: ['dynamodb-stream.tableStreams', 'dynamodb-stream.discards'],
    driver: ['objects.outputs'],
  },
  {
    name: 'posts',
    given: (stack) => {
      const secret = Secret.fromSecretNameV2(stack, 'Mine', 'posts')
      return { clicks: secret, visits: secret }
    },
    intake: ['http.secrets'],
    driver: ['objects.outputs'],
  },
  {
    name: 'both',
    intake: ['kinesis.streams', 'kinesis.discards', 'objects.notifications'],
    driver: ['kinesis.streams', 'objects.objects', 'objects.outputs', 'executors'],
    executor: ['answers', 'kinesis.streams', 'objects.objects', 'objects.outputs'],
  },
]
const OWN = ['table', 'blocks', 'triggers', 'logs']

test('the applications below use every list', () => {
  for (const role of ['intake', 'driver', 'executor'] as const) {
    const used = new Set([...OWN, ...applications.flatMap((one) => one[role] ?? [])])
    const unused = Object.entries(LISTS[role]).filter(
      ([type, list]) => list.length > 0 && !used.has(type),
    )
    expect(unused).toEqual([])
  }
})

const resourcesOf = ({ Resource }: Statement): readonly unknown[] =>
  Array.isArray(Resource) ? (Resource as unknown[]) : [Resource]

describe.each(applications)('the list and the template of $name', (application) => {
  const { name, given, intake, driver, executor } = application
  const { template } = synthesise(name, (stack) => ({
    ...(given === undefined ? {} : { bindings: given(stack) }),
    ...(executor === undefined ? {} : { executors: 2 }),
  }))
  const statements = {
    intake: statementsOf(template, 'AppIntakePolicy'),
    driver: [
      ...statementsOf(template, 'AppDriverPolicy'),
      ...statementsOf(template, 'AppInvokingPolicy'),
    ],
    executor: statementsOf(template, 'AppExecutorsPolicy'),
  }
  const all = Object.values(statements).flat()

  test('agree', () => {
    expect(actionsIn(statements.executor)).toEqual(
      executor === undefined ? [] : listed('executor', [...OWN, ...executor]),
    )
    expect(actionsIn(statements.intake)).toEqual(listed('intake', [...OWN, ...intake]))
    expect(actionsIn(statements.driver)).toEqual(listed('driver', [...OWN, ...driver]))
  })

  test('all roles may only use the items of the application in its table', () => {
    const onTable = all.filter(({ Resource }) =>
      /^AppTable[0-9A-F]{8}\.Arn$/.test(textOf(Resource)),
    )
    expect(onTable).toHaveLength(executor === undefined ? 2 : 3)
    for (const statement of onTable)
      expect(statement.Condition).toEqual({
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`${name}#*`] },
      })
  })

  test('no statement is for all actions or all resources', () => {
    for (const statement of all) {
      const actions = actionsIn([statement])
      expect(actions.filter((action) => action.includes('*'))).toEqual([])
      // Network interfaces that Lambda makes have no names before.
      if (actions.every((action) => action.startsWith('ec2:'))) continue
      expect(resourcesOf(statement)).not.toContain('*')
    }
  })

  test('the roles have no other policies', () => {
    const roles = Object.values(template.findResources('AWS::IAM::Role')) as {
      Properties: { ManagedPolicyArns?: unknown }
    }[]
    expect(roles.filter(({ Properties }) => Properties.ManagedPolicyArns !== undefined)).toEqual([])
    expect(statementsOf(template, 'AppIntakeRole')).toEqual([])
    expect(statementsOf(template, 'AppDriverRole')).toEqual([])
  })
})
