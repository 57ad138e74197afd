import { type App, Stack } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Bucket, BucketEncryption, EventType } from 'aws-cdk-lib/aws-s3'
import { SqsDestination } from 'aws-cdk-lib/aws-s3-notifications'
import { Queue } from 'aws-cdk-lib/aws-sqs'
import { describe, expect, test } from 'vitest'
import type { StreamingAppProps } from '../../infra/props.ts'
import { StreamingApp } from '../../infra/streaming-app.ts'
import { fixture, newStack } from './stacks.ts'

type Bound = (stack: Stack) => Bucket | ReturnType<typeof Bucket.fromBucketName>

interface Made {
  readonly own: Template
  /** Of the other stack of the program, if there is one. */
  readonly other: Template | undefined
}

const synthesise = (
  bind: Bound | undefined,
  props: Partial<StreamingAppProps> = {},
  name = 'files',
): Made => {
  const stack = newStack()
  const bucket = bind?.(stack)
  const bindings = bucket === undefined ? {} : { drop: bucket }
  new StreamingApp(stack, 'App', { entry: fixture(name), generation: 1, bindings, ...props })
  const other = stack.node.root.node.tryFindChild('Other') as Stack | undefined
  return {
    own: Template.fromStack(stack),
    other: other === undefined ? undefined : Template.fromStack(other),
  }
}

const otherStack = ({ node }: Stack): Stack => new Stack(node.root as App, 'Other')

const created = undefined
const inStack: Bound = (stack) => new Bucket(stack, 'Mine')
const inOther: Bound = (stack) => new Bucket(otherStack(stack), 'Theirs')
const imported: Bound = (stack) => Bucket.fromBucketName(stack, 'Import', 'theirs')
/** It has a notification of its owner. */
const inUse: Bound = (stack) => {
  const bucket = new Bucket(stack, 'Mine')
  const queue = new SqsDestination(new Queue(stack, 'Queue'))
  bucket.addEventNotification(EventType.OBJECT_REMOVED, queue)
  return bucket
}
const inUseInOther: Bound = (stack) => {
  const other = otherStack(stack)
  const bucket = new Bucket(other, 'Theirs')
  bucket.addEventNotification(EventType.OBJECT_CREATED, new SqsDestination(new Queue(other, 'Q')))
  return bucket
}
const encryptedInOther: Bound = (stack) => {
  const other = otherStack(stack)
  const encryptionKey = new Key(other, 'Key')
  return new Bucket(other, 'Theirs', { encryption: BucketEncryption.KMS, encryptionKey })
}

/** How the application is told of new objects, as the templates say it. */
const waysIn = ({ own, other }: Made): readonly string[] => {
  const custom = (template: Template | undefined): readonly string[] =>
    Object.values(template?.findResources('Custom::S3BucketNotifications') ?? {}).map(
      (resource) => {
        const { NotificationConfiguration: settings, Managed } = (
          resource as { readonly Properties: Readonly<Record<string, object | boolean>> }
        ).Properties
        return `${Managed === false ? 'merged ' : ''}${Object.keys(settings as object)
          .toSorted()
          .join()}`
      },
    )
  const properties = Object.values(own.findResources('AWS::S3::Bucket')).flatMap((resource) => {
    const { Properties = {} } = resource as {
      readonly Properties?: { readonly NotificationConfiguration?: object }
    }
    return Object.keys(Properties.NotificationConfiguration ?? {})
  })
  return [
    ...properties.map((name) => `bucket ${name}`),
    ...custom(own).map((name) => `here ${name}`),
    ...custom(other).map((name) => `there ${name}`),
    ...Object.keys(own.findResources('AWS::Events::Rule')).map(() => 'rule'),
  ]
}

const bridge = { notifications: 'eventbridge' } as const
const alone = { notifications: 'none' } as const
const QUEUES = 'QueueConfigurations'
const BRIDGE = 'EventBridgeConfiguration'

test.each<{ what: string; bind: Bound | undefined; props?: object; ways: readonly string[] }>([
  { what: 'a created bucket', bind: created, ways: [`bucket ${QUEUES}`] },
  { what: 'a bucket of the stack', bind: inStack, ways: [`here ${QUEUES}`] },
  { what: 'a bucket with notifications', bind: inUse, ways: [`here ${QUEUES}`] },
  { what: 'an imported bucket', bind: imported, ways: [`here merged ${QUEUES}`] },
  {
    what: 'a bucket of another stack of the program',
    bind: inOther,
    ways: [`there ${BRIDGE}`, 'rule'],
  },
  {
    what: 'a bucket of another stack, with notifications of all of it',
    bind: inUseInOther,
    ways: [`there ${BRIDGE},${QUEUES}`, 'rule'],
  },
  {
    what: 'a bucket of another stack, with a key',
    bind: encryptedInOther,
    ways: [`there ${BRIDGE}`, 'rule'],
  },
  {
    what: 'a created bucket, through EventBridge',
    bind: created,
    props: bridge,
    ways: [`bucket ${BRIDGE}`, 'rule'],
  },
  {
    what: 'a bucket of the stack, through EventBridge',
    bind: inUse,
    props: bridge,
    ways: [`here ${BRIDGE},${QUEUES}`, 'rule'],
  },
  {
    what: 'a created bucket, whose notifications are left alone',
    bind: created,
    props: alone,
    ways: [`bucket ${QUEUES}`],
  },
  { what: 'an imported bucket that is left alone', bind: imported, props: alone, ways: [] },
  {
    what: 'a bucket of another stack that is left alone',
    bind: inOther,
    props: alone,
    ways: [],
  },
  {
    what: 'an imported bucket, through EventBridge',
    bind: imported,
    props: bridge,
    ways: [`here merged ${BRIDGE}`, 'rule'],
  },
])('$what', ({ bind, props, ways }) => {
  expect(waysIn(synthesise(bind, props))).toEqual(ways)
})

test('what is left to the owner of a bucket is printed, and let in', () => {
  const { own } = synthesise(imported, alone)
  const outputs = Object.entries(own.findOutputs('*')).filter(([id]) => id.includes('Wire'))
  expect(outputs).toHaveLength(1)
  expect(JSON.stringify(outputs)).toContain('s3:ObjectCreated:* of s3://')
  const policies = JSON.stringify(own.findResources('AWS::SQS::QueuePolicy'))
  expect(policies).toContain('"Sid":"WiredByOthers"')
  for (const service of ['s3', 'sns', 'events'])
    expect(policies).toContain(`${service}.amazonaws.com`)
})

test('the stacks do not wait for each other', () => {
  for (const bind of [inOther, inUseInOther, encryptedInOther]) {
    const { other } = synthesise(bind)
    // A reference back to the stack of the application would be an import.
    expect(JSON.stringify(other?.toJSON())).not.toContain('Fn::ImportValue')
  }
})

describe('a rule of EventBridge', () => {
  const { own } = synthesise(created, bridge)
  test('sends new objects below the watched prefix to the queue of intake', () => {
    own.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.s3'],
        'detail-type': ['Object Created'],
        detail: {
          bucket: { name: [{ Ref: Match.stringLikeRegexp('Bucketdrop') }] },
          object: { key: [{ prefix: 'in/' }] },
        },
      },
      Targets: [
        {
          Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('Notifications'), 'Arn'] },
          RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
        },
      ],
    })
  })

  test('and only this rule may send', () => {
    own.hasResourceProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: 'sqs:SendMessage',
            Principal: { Service: 'events.amazonaws.com' },
            Condition: {
              ArnEquals: {
                'aws:SourceArn': { 'Fn::GetAtt': [Match.stringLikeRegexp('Created'), 'Arn'] },
              },
            },
          }),
        ]),
      },
    })
  })

  test('has a prefix as it is, since keys in events of EventBridge are not encoded', () => {
    const { own: byDay } = synthesise(undefined, bridge, 'by-day')
    byDay.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: { detail: { object: { key: [{ prefix: 'day=1/ü b/' }] } } },
    })
  })

  test('is one for a bucket that several sources watch', () => {
    const both = (stack: Stack): Partial<StreamingAppProps> => {
      const bucket = new Bucket(otherStack(stack), 'Theirs')
      return { bindings: { e: bucket, f: bucket } }
    }
    const stack = newStack()
    new StreamingApp(stack, 'App', { entry: fixture('twice'), generation: 1, ...both(stack) })
    Template.fromStack(stack).resourceCountIs('AWS::Events::Rule', 1)
  })
})
