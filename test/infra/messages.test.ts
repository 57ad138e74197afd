import { EventBus } from 'aws-cdk-lib/aws-events'
import { Stream } from 'aws-cdk-lib/aws-kinesis'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { describe, expect, test } from 'vitest'
import { locationsOf, statementsOf, synthesise, textOf } from './stacks.ts'

const IN = 'eu-west-1:111111111111:'
const NEWS = `arn:aws:sns:${IN}theirs`
const SHOP = `arn:aws:events:${IN}event-bus/theirs`
const COPIES = `arn:aws:kinesis:${IN}stream/theirs`

/** What the driver may do with these actions, as action and resource. */
const rightsOf = (template: Parameters<typeof statementsOf>[0]): readonly string[] =>
  statementsOf(template, 'AppDriverPolicy').flatMap(({ Action, Resource }) =>
    [Action]
      .flat()
      .filter((action) => /^(sns|events):|PutRecords/.test(action))
      .map((action) => `${action} ${textOf(Resource)}`),
  )

describe('topics, buses and streams as outputs', () => {
  test('that are given by ARNs are used as they are, with one right each', () => {
    const { template } = synthesise('messages', () => ({
      bindings: { news: NEWS, shop: SHOP, copies: COPIES },
    }))
    template.resourceCountIs('AWS::SNS::Topic', 0)
    template.resourceCountIs('AWS::Events::EventBus', 0)
    template.resourceCountIs('AWS::Kinesis::Stream', 1)
    expect(locationsOf(template, 'MILLRACE_OUTPUTS')).toMatchObject({
      news: { kind: 'sns', topicArn: NEWS },
      shop: { kind: 'eventbridge', bus: SHOP },
      copies: { kind: 'kinesis-output', stream: COPIES },
    })
    expect(rightsOf(template).toSorted()).toEqual([
      `events:PutEvents ${SHOP}`,
      `kinesis:PutRecords ${COPIES}`,
      `sns:Publish ${NEWS}`,
    ])
  })

  test('that are given as constructs may be encrypted: then the driver needs their keys', () => {
    const { template } = synthesise('messages', (stack) => ({
      bindings: {
        news: new Topic(stack, 'Theirs', { masterKey: new Key(stack, 'TopicKey') }),
        shop: new EventBus(stack, 'Bus'),
        copies: new Stream(stack, 'Stream', { encryptionKey: new Key(stack, 'StreamKey') }),
      },
    }))
    const keysOf = (role: string): string =>
      JSON.stringify(statementsOf(template, `App${role}RoleDefaultPolicy`))
    expect(keysOf('Driver')).toContain('TopicKey')
    expect(keysOf('Driver')).toContain('StreamKey')
    expect(keysOf('Intake')).not.toMatch(/TopicKey|StreamKey/)
  })

  test('are created, where nothing is bound, and can be had from the construct', () => {
    const { app, stack, template } = synthesise('messages')
    template.resourceCountIs('AWS::SNS::Topic', 1)
    template.resourceCountIs('AWS::Events::EventBus', 1)
    template.resourceCountIs('AWS::Kinesis::Stream', 2)
    const idOf = (arn: string | undefined): string => textOf(stack.resolve(arn))
    expect(idOf(app.topics['news']?.topicArn)).toMatch(/^AppTopicnews/)
    expect(idOf(app.buses['shop']?.eventBusArn)).toMatch(/^AppBusshop/)
    expect(idOf(app.streams['copies']?.streamArn)).toMatch(/^AppStreamcopies/)
  })

  test('have the key of the application', () => {
    const { template } = synthesise('messages', (stack) => ({
      encryptionKey: new Key(stack, 'Key'),
    }))
    const key = { 'Fn::GetAtt': [expect.stringMatching(/^Key/), 'Arn'] }
    const propertiesOf = (type: string): readonly unknown[] =>
      Object.values(template.findResources(type)).map(({ Properties }) => Properties as unknown)
    expect(propertiesOf('AWS::SNS::Topic')).toMatchObject([{ KmsMasterKeyId: key }])
    expect(propertiesOf('AWS::Events::EventBus')).toMatchObject([{ KmsKeyIdentifier: key }])
  })

  test.each<[string, string]>([
    ['news', SHOP],
    ['shop', NEWS],
    ['copies', `arn:aws:sqs:${IN}theirs`],
  ])('of another type are refused: %s', (name, arn) => {
    expect(() => synthesise('messages', () => ({ bindings: { [name]: arn } }))).toThrow(
      new RegExp(`BINDING_UNFIT[^]*bind "${name}" to`),
    )
  })
})
