import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  actionsOf,
  type Grant,
  grants,
  type AccessLevel,
  type Role,
  type Subject,
} from '../../infra/grants.ts'
import { actionsIn, type Statement, statementsOf, synthesise } from './stacks.ts'

// Three things have to agree: the commands in the code, the list in infra/grants.ts, and the policies in the templates.

const root = join(import.meta.dirname, '..', '..')

/** The actions that AWS checks for a command, and those it checks with some of its parameters. */
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
  // With a version; and without the right to list, a missing object is "denied".
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
  GetParameterCommand: { always: ['ssm:GetParameter'] },
}

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))

/** The commands that are sent by what runs on AWS, and by the command line, which goes through the same adapters. */
const commands: readonly string[] = [
  ...new Set(
    ['lib/adapters/aws', 'functions']
      .flatMap(filesBelow)
      .flatMap((file) =>
        [...readFileSync(file, 'utf8').matchAll(/\bnew (\w+Command)\b/g)].map(
          ([, name]) => name ?? '',
        ),
      ),
  ),
]

const subjectsOf = (role: Role | AccessLevel): readonly Subject[] =>
  Object.keys(grants[role]) as readonly Subject[]
const usedByCode = (role: Role | AccessLevel): readonly string[] =>
  subjectsOf(role).flatMap((subject) =>
    (grants[role][subject] as readonly Grant[])
      .filter(({ by }) => by === 'code')
      .flatMap(({ actions }) => actions),
  )
const everybody = Object.keys(grants) as readonly (Role | AccessLevel)[]
const declaredForCode: readonly string[] = [...new Set(everybody.flatMap(usedByCode))].toSorted()

describe('the list and the code', () => {
  test('the code sends commands, and each is known here', () => {
    expect(commands.length).toBeGreaterThan(5)
    expect(commands.filter((name) => ACTIONS[name] === undefined)).toEqual([])
  })

  test('every action that the code needs is granted', () => {
    const needed = commands.flatMap((name) => ACTIONS[name]?.always ?? [])
    expect(needed.filter((action) => !declaredForCode.includes(action))).toEqual([])
  })

  test('who reads writes nothing, and who operates may do what a driver may do to items', () => {
    const writes = /Put|Write|Delete|Send/
    for (const person of ['reader', 'letterReader'] as const)
      expect(usedByCode(person).filter((action) => writes.test(action))).toEqual([])
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

/** Actions on what an application of this kind has, as the list has them. */
const listed = (role: Role, subjects: readonly Subject[]): readonly string[] =>
  [...new Set(subjects.flatMap((subject) => actionsOf(role, subject)))].toSorted()

const resourcesOf = ({ Resource }: Statement): readonly unknown[] =>
  Array.isArray(Resource) ? (Resource as unknown[]) : [Resource]

describe.each([
  {
    name: 'clicks',
    intake: ['table', 'blocks', 'triggers', 'streams', 'discards', 'logs'],
    driver: ['table', 'blocks', 'triggers', 'streams', 'outputs', 'logs'],
  },
  {
    name: 'files',
    intake: ['table', 'blocks', 'triggers', 'notifications', 'logs'],
    driver: ['table', 'blocks', 'triggers', 'objects', 'logs'],
  },
])('the list and the template of $name', ({ name, intake, driver }) => {
  const { template } = synthesise(name)
  const statements = {
    intake: statementsOf(template, 'AppIntakePolicy'),
    driver: statementsOf(template, 'AppDriverPolicy'),
  }

  test('agree', () => {
    expect(actionsIn(statements.intake)).toEqual(listed('intake', intake as Subject[]))
    expect(actionsIn(statements.driver)).toEqual(listed('driver', driver as Subject[]))
  })

  test('items are held to the name of the application', () => {
    for (const statement of [...statements.intake, ...statements.driver].filter(({ Action }) =>
      String(Action).includes('dynamodb'),
    ))
      expect(statement.Condition).toEqual({
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`${name}#*`] },
      })
  })

  test('no action and no resource is everything', () => {
    for (const statement of [...statements.intake, ...statements.driver]) {
      expect(actionsIn([statement]).filter((action) => action.includes('*'))).toEqual([])
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
