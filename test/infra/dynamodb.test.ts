import { Match } from 'aws-cdk-lib/assertions'
import { AttributeType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb'
import { Key } from 'aws-cdk-lib/aws-kms'
import type { Stack } from 'aws-cdk-lib'
import { describe, expect, test } from 'vitest'
import { locationsOf, statementsOf, synthesise, textOf } from './stacks.ts'

const { NUMBER } = AttributeType
const KEY = { name: 'key', type: AttributeType.STRING }
const created = synthesise('orders')
const given = synthesise('orders', (stack) => ({
  bindings: { totals: new Table(stack, 'Mine', { partitionKey: KEY }) },
}))

describe('a table that is created', () => {
  test('is paid by use, can be restored, and finds items by their key', () => {
    created.template.hasResource('AWS::DynamoDB::Table', {
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        KeySchema: [{ AttributeName: 'key', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'key', AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        SSESpecification: { SSEEnabled: true },
        TimeToLiveSpecification: Match.absent(),
      },
    })
  })

  test('has the key of the application', () => {
    const { template } = synthesise('orders', (stack) => ({ encryptionKey: new Key(stack, 'Key') }))
    template.resourceCountIs('AWS::DynamoDB::Table', 2)
    template.allResourcesProperties('AWS::DynamoDB::Table', {
      SSESpecification: { SSEType: 'KMS' },
    })
  })
})

describe('a table that is given', () => {
  test('is used as it is', () => {
    expect(given.app.tables['totals']?.node.id).toBe('Mine')
    given.template.resourceCountIs('AWS::DynamoDB::Table', 2)
  })

  test('may be encrypted, so that the driver needs its key', () => {
    const { template } = synthesise('orders', (stack) => ({
      bindings: {
        totals: new Table(stack, 'Mine', {
          partitionKey: KEY,
          encryption: TableEncryption.CUSTOMER_MANAGED,
          encryptionKey: new Key(stack, 'TableKey'),
        }),
      },
    }))
    const keysOf = (role: string): string =>
      JSON.stringify(statementsOf(template, `App${role}RoleDefaultPolicy`))
    expect(keysOf('Driver')).toContain('TableKey')
    expect(keysOf('Intake')).not.toContain('TableKey')
  })
})

describe('the keys of a table that is given', () => {
  const tableWith =
    (partition: string, sort?: string, type = AttributeType.STRING) =>
    (stack: Stack) =>
      new Table(stack, 'Mine', {
        partitionKey: { name: partition, type },
        ...(sort === undefined ? {} : { sortKey: { name: sort, type: AttributeType.NUMBER } }),
      })

  test.each([
    ['saveToTable', 'orders', 'totals', tableWith('id'), /given: .*id \(S\), no sort key/],
    ['saveToTable', 'orders', 'totals', tableWith('key', 'day'), /sort key day/],
    ['saveToTable', 'orders', 'totals', tableWith('key', undefined, NUMBER), /key \(N\)/],
    ['dynamodb()', 'items', 'scores', tableWith('player'), /allowed: .*player, sort key day/],
    ['dynamodb()', 'items', 'scores', tableWith('day', 'player'), /day \(S\), sort key player/],
  ])('that %s cannot write are refused', (_, name, output, make, says) => {
    expect(() => synthesise(name, (stack) => ({ bindings: { [output]: make(stack) } }))).toThrow(
      says,
    )
  })

  test.each([
    ['of those that the pipeline names', tableWith('player', 'day')],
    ['of any type', tableWith('player', 'day', NUMBER)],
    ['of which nothing is known', (stack: Stack) => Table.fromTableName(stack, 'Theirs', 'theirs')],
  ])('are taken: %s', (_, make) => {
    const { app } = synthesise('items', (stack) => ({ bindings: { scores: make(stack) } }))
    expect(app.tables['scores']).toBeDefined()
  })
})

describe.each([
  { how: 'created', from: created },
  { how: 'given', from: given },
])('a table that is $how', ({ from: { app, stack, template } }) => {
  const id = textOf(stack.resolve(app.tables['totals']?.tableName))

  test('may be written by the driver, and by nobody else', () => {
    const onTable = (role: string) =>
      statementsOf(template, `App${role}Policy`).filter(({ Resource }) =>
        textOf(Resource).startsWith(id),
      )
    expect(onTable('Driver')).toEqual([
      {
        Action: 'dynamodb:PutItem',
        Effect: 'Allow',
        Resource: { 'Fn::GetAtt': [id, 'Arn'] },
      },
    ])
    expect(onTable('Intake')).toEqual([])
  })

  test('is told to the driver by its name', () => {
    expect(locationsOf(template, 'MILLRACE_OUTPUTS')).toEqual({
      totals: { kind: 'dynamodb', table: id },
    })
  })
})
