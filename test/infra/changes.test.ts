import {
  AttributeType,
  Billing,
  StreamViewType,
  Table,
  type TableProps,
  TableV2,
} from 'aws-cdk-lib/aws-dynamodb'
import { Stream } from 'aws-cdk-lib/aws-kinesis'
import { Key } from 'aws-cdk-lib/aws-kms'
import type { Stack } from 'aws-cdk-lib'
import { describe, expect, test } from 'vitest'
import type { GivenBindings } from '../../infra/bindable.ts'
import { locationsOf, statementsOf, synthesise, textOf } from './stacks.ts'

const ARN = 'arn:aws:dynamodb:eu-west-1:111111111111:table/'
const STREAM = `${ARN}orders/stream/2026-11-30T00:00:00.000`

const partitionKey = { name: 'id', type: AttributeType.STRING }
const tableWith = (stack: Stack, props: Partial<TableProps> = {}): Table =>
  new Table(stack, 'Mine', { partitionKey, ...props })
const both = StreamViewType.NEW_AND_OLD_IMAGES

interface Mapping {
  readonly EventSourceArn: unknown
  readonly FilterCriteria?: { readonly Filters: readonly { readonly Pattern: string }[] }
}

const mappingsOf = ({ template }: ReturnType<typeof synthesise>): readonly Mapping[] =>
  Object.values(template.findResources('AWS::Lambda::EventSourceMapping'))
    .map(({ Properties }) => Properties as Mapping & { readonly StartingPosition?: string })
    .filter(({ StartingPosition }) => StartingPosition !== undefined)

const kindsOf = ({ template }: ReturnType<typeof synthesise>): readonly string[] =>
  Object.values(locationsOf(template, 'MILLRACE_SOURCES') as Record<string, { kind: string }>).map(
    ({ kind }) => kind,
  )

describe('changes of tables', () => {
  const created = synthesise('changes')

  test('call intake by a mapping for each table, which loses nothing', () => {
    const [orders, stock, ...others] = mappingsOf(created)
    expect(others).toEqual([])
    expect(stock).toMatchObject({
      StartingPosition: 'TRIM_HORIZON',
      MaximumRetryAttempts: -1,
      MaximumRecordAgeInSeconds: -1,
      ParallelizationFactor: 1,
    })
    expect(stock?.FilterCriteria).toBeUndefined()
    expect(orders?.FilterCriteria).toEqual({
      Filters: [{ Pattern: '{"eventName":["INSERT","MODIFY"]}' }],
    })
    const tables = created.template.findResources('AWS::DynamoDB::Table', {
      Properties: { StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' } },
    })
    expect(Object.keys(tables)).toHaveLength(2)
  })

  test('are told to the functions, and intake alone may read them', () => {
    const kinds = kindsOf(created)
    expect(kinds).toEqual(['dynamodb-stream', 'dynamodb-stream', 'dynamodb-stream'])
    const readers = ['Intake', 'Driver'].map((role) =>
      statementsOf(created.template, `App${role}Policy`)
        .filter(({ Action }) => [Action].flat().includes('dynamodb:GetRecords'))
        .map(({ Resource }) => textOf(Resource)),
    )
    expect(readers[0]?.join()).toMatch(/StreamArn/)
    expect(readers[1]).toEqual([])
  })

  test.each<[string, (stack: Stack) => GivenBindings[string], RegExp]>([
    ['a table', (stack) => tableWith(stack, { stream: both }), /StreamArn/],
    [
      'a TableV2',
      (stack) =>
        new TableV2(stack, 'V2', { partitionKey, dynamoStream: both, billing: Billing.onDemand() }),
      /StreamArn/,
    ],
    [
      'an imported table',
      (stack) =>
        Table.fromTableAttributes(stack, 'Theirs', {
          tableArn: `${ARN}orders`,
          tableStreamArn: STREAM,
        }),
      /orders\/stream/,
    ],
    ['the ARN of a stream', () => STREAM, /orders\/stream/],
  ])('come from what is given: %s', (_, bind, arn) => {
    const app = synthesise('changes', (stack) => ({ bindings: { orders: bind(stack) } }))
    expect(mappingsOf(app).some(({ EventSourceArn }) => arn.test(textOf(EventSourceArn)))).toBe(
      true,
    )
  })

  test('of a table with a key of its own may be decrypted by intake', () => {
    const { template } = synthesise('changes', (stack) => ({
      bindings: {
        orders: tableWith(stack, { stream: both, encryptionKey: new Key(stack, 'TableKey') }),
      },
    }))
    const keys = JSON.stringify(statementsOf(template, 'AppIntakeRoleDefaultPolicy'))
    expect(keys).toContain('TableKey')
  })

  test('may come from a stream of Kinesis, which a table can write to', () => {
    const app = synthesise('changes', (stack) => ({
      bindings: { stock: new Stream(stack, 'Mine') },
    }))
    expect(kindsOf(app).toSorted()).toEqual(['dynamodb-stream', 'dynamodb-stream', 'kinesis'])
    const isBehind = { MetricName: 'IteratorAge' }
    app.template.resourcePropertiesCountIs('AWS::CloudWatch::Alarm', isBehind, 1)
  })

  test.each<[string, (stack: Stack) => GivenBindings, RegExp]>([
    ['a table without a stream', (stack) => ({ orders: tableWith(stack) }), /without a stream/],
    ['the ARN of a table', () => ({ orders: `${ARN}orders` }), /without a stream/],
    [
      'a stream with less than is asked for',
      (stack) => ({ stock: tableWith(stack, { stream: StreamViewType.NEW_IMAGE }) }),
      /has less.*NEW_IMAGE.*NEW_AND_OLD_IMAGES/s,
    ],
  ])('refuse %s', (_, bindings, message) => {
    expect(() => synthesise('changes', (stack) => ({ bindings: bindings(stack) }))).toThrow(message)
  })

  test('are taken from a stream that has enough', () => {
    const stream = StreamViewType.NEW_IMAGE
    const app = synthesise('changes', (stack) => ({
      bindings: { orders: tableWith(stack, { stream }) },
    }))
    expect(mappingsOf(app)).toHaveLength(2)
  })
})
