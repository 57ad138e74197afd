import { App, Stack } from 'aws-cdk-lib'
import { AttributeType, Billing, Table, TableEncryption, TableV2 } from 'aws-cdk-lib/aws-dynamodb'
import { Key } from 'aws-cdk-lib/aws-kms'
import { describe, expect, test } from 'vitest'
import type { GivenBindings } from '../../infra/bindable.ts'
import type { AnyTable } from '../../infra/resources.ts'
import { StreamingApp } from '../../infra/streaming-app.ts'
import {
  actionsIn,
  fixture,
  locationsOf,
  statementsOf,
  synthesise,
  textOf,
  variablesOf,
} from './stacks.ts'

const STRING = AttributeType.STRING
const KEYS = { partitionKey: { name: 'pk', type: STRING }, sortKey: { name: 'sk', type: STRING } }
const TTL = { timeToLiveAttribute: 'ttl' }

describe('a table that is given', () => {
  const fitting: readonly { what: string; make: (stack: Stack) => AnyTable; types: number }[] = [
    { what: 'a Table', make: (stack) => new Table(stack, 'T', { ...KEYS, ...TTL }), types: 1 },
    { what: 'a TableV2', make: (stack) => new TableV2(stack, 'T', { ...KEYS, ...TTL }), types: 0 },
    {
      what: 'an imported table, of which nothing is known',
      make: (stack) => Table.fromTableName(stack, 'T', 'theirs'),
      types: 0,
    },
    {
      what: 'a table of another stack',
      make: ({ node }) => new Table(new Stack(node.root as App, 'Other'), 'T', { ...KEYS, ...TTL }),
      types: 0,
    },
  ]
  test.each(fitting)('is used: $what', ({ make, types }) => {
    const { template, app } = synthesise('clicks', (stack) => ({ table: make(stack) }))
    template.resourceCountIs('AWS::DynamoDB::Table', types)
    expect(app.table.node.id).toBe('T')
    const [, onTable] = statementsOf(template, 'AppDriverPolicy')
    expect(onTable?.Condition).toEqual({
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['clicks#*'] },
    })
    expect(variablesOf(template, 'driver')['MILLRACE_TABLE']).toBeTruthy()
  })

  test('has its key granted, to all functions', () => {
    const { template } = synthesise('clicks', (stack) => ({
      generation: undefined as never,
      table: new Table(stack, 'T', {
        ...KEYS,
        ...TTL,
        encryption: TableEncryption.CUSTOMER_MANAGED,
        encryptionKey: new Key(stack, 'Key'),
      }),
    }))
    for (const role of ['AppIntakeRole', 'AppDriverRole', 'AppNumberingRole'])
      expect(actionsIn(statementsOf(template, `${role}DefaultPolicy`))).toContain('kms:Decrypt')
  })

  const unfit: readonly { what: string; make: (stack: Stack) => AnyTable; says: RegExp }[] = [
    {
      what: 'other keys',
      make: (stack) => new Table(stack, 'T', { partitionKey: { name: 'id', type: STRING } }),
      says: /id HASH S, expires: nothing[^]*sortKey: \{ name: 'sk'/,
    },
    {
      what: 'keys of another type',
      make: (stack) =>
        new Table(stack, 'T', {
          ...KEYS,
          ...TTL,
          sortKey: { name: 'sk', type: AttributeType.NUMBER },
        }),
      says: /sk RANGE N/,
    },
    { what: 'no expiry', make: (stack) => new Table(stack, 'T', KEYS), says: /expires: nothing/ },
    {
      what: 'another expiry',
      make: (stack) =>
        new TableV2(stack, 'T', {
          ...KEYS,
          billing: Billing.onDemand(),
          timeToLiveAttribute: 'expires',
        }),
      says: /expires: expires/,
    },
    {
      what: 'a table in another region',
      make: (stack) =>
        Table.fromTableArn(stack, 'T', 'arn:aws:dynamodb:eu-west-1:111111111111:table/t'),
      says: /BINDING_UNFIT[^]*eu-west-1/,
    },
  ]
  test.each(unfit)('is refused: $what', ({ make, says }) => {
    const stack = new Stack(new App(), 'Stack', { env: { region: 'us-east-1', account: '1' } })
    const table = make(stack)
    expect(() => new StreamingApp(stack, 'App', { entry: fixture('clicks'), table })).toThrow(says)
  })

  test('holds one application of a name, whichever constructs stand for it', () => {
    const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } })
    const applicationIn = (id: string, name: string): StreamingApp => {
      const stack = new Stack(app, id)
      const table = Table.fromTableName(stack, 'T', 'theirs')
      return new StreamingApp(stack, 'App', { entry: fixture(name), table, appName: id })
    }
    applicationIn('One', 'clicks')
    applicationIn('Two', 'files')
    expect(() => applicationIn('Three', 'clicks')).toThrow(/One\/App and Three\/App/)
  })
})

const IN = 'eu-west-1:111111111111:'
const STREAM = `arn:aws:kinesis:${IN}stream/theirs`
const QUEUE = `arn:aws:sqs:${IN}theirs`
const TABLE = `arn:aws:dynamodb:${IN}table/theirs`
const BUCKET = 'arn:aws:s3:::theirs'

describe('a name is bound by an ARN', () => {
  test.each<{
    what: string
    name: string
    bindings: GivenBindings
    sources: object
    outputs: object
  }>([
    {
      what: 'of a stream and a bucket',
      name: 'clicks',
      bindings: { clicks: STREAM, results: BUCKET },
      sources: { 'kinesisTextStream-1': { kind: 'kinesis', streamArn: STREAM } },
      outputs: { results: { kind: 'objects', bucket: 'theirs' } },
    },
    {
      what: 'of a queue and a table',
      name: 'orders',
      bindings: { orders: QUEUE, totals: TABLE },
      sources: { 'sqsTextStream-1': { kind: 'sqs', queueArn: QUEUE } },
      outputs: { totals: { kind: 'dynamodb', table: 'theirs' } },
    },
  ])('$what', ({ name, bindings, sources, outputs }) => {
    const { template } = synthesise(name, () => ({ bindings }))
    expect(locationsOf(template, 'MILLRACE_SOURCES')).toEqual(sources)
    expect(locationsOf(template, 'MILLRACE_OUTPUTS')).toEqual(outputs)
    template.resourceCountIs('AWS::Kinesis::Stream', 0)
    const resources = statementsOf(template, 'AppIntakePolicy').map(({ Resource }) =>
      textOf(Resource),
    )
    for (const arn of Object.values(bindings).slice(0, 1)) expect(resources).toContain(arn)
  })

  test.each<{ what: string; arn: string }>([
    { what: 'a name', arn: 'theirs' },
    { what: 'an ARN of another service', arn: `arn:aws:firehose:${IN}theirs` },
    { what: 'an ARN that is cut off', arn: 'arn:aws:kinesis' },
  ])('and refused: $what', ({ arn }) => {
    expect(() => synthesise('clicks', () => ({ bindings: { clicks: arn } }))).toThrow(
      new RegExp(`BINDING_UNFIT[^]*"${arn}"`),
    )
  })

  test('of something that the source cannot read, it is refused like a construct', () => {
    expect(() => synthesise('clicks', () => ({ bindings: { results: STREAM } }))).toThrow(
      /bind "results" to a bucket/,
    )
  })
})
