import { Duration } from 'aws-cdk-lib'
import { Match } from 'aws-cdk-lib/assertions'
import { Table } from 'aws-cdk-lib/aws-dynamodb'
import { Stream, StreamEncryption } from 'aws-cdk-lib/aws-kinesis'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3'
import { Queue } from 'aws-cdk-lib/aws-sqs'
import { describe, expect, test } from 'vitest'
import { locationsOf, statementsOf, synthesise } from './stacks.ts'

describe('bindings', () => {
  test('what is bound is used and not created', () => {
    const { template, app } = synthesise('clicks', (stack) => ({
      bindings: {
        clicks: new Stream(stack, 'Mine', { shardCount: 2 }),
        results: Bucket.fromBucketName(stack, 'Theirs', 'their-results'),
      },
    }))
    template.resourceCountIs('AWS::Kinesis::Stream', 1)
    expect(Object.keys(template.findResources('AWS::S3::Bucket'))).toHaveLength(2)
    expect(app.buckets['results']?.bucketName).toBe('their-results')
    expect(JSON.stringify(statementsOf(template, 'AppDriverPolicy'))).toContain(
      ':s3:::their-results/totals*',
    )
  })

  test('text may come from a stream, a bucket or a queue, whatever the pipeline asks for', () => {
    const swapped = synthesise('both', (stack) => ({
      bindings: { clicks: new Bucket(stack, 'Mine'), 's3://drop/in/': new Stream(stack, 'Other') },
    }))
    expect(Object.keys(swapped.app.streams)).toEqual(['s3://drop/in/'])
    expect(Object.keys(swapped.app.buckets)).toEqual(['clicks', 'results'])
    const queued = synthesise('both', (stack) => ({
      bindings: {
        clicks: new Queue(stack, 'Mine', { visibilityTimeout: Duration.minutes(6) }),
        's3://drop/in/': new Queue(stack, 'Other', { visibilityTimeout: Duration.minutes(6) }),
      },
    }))
    expect(Object.keys(queued.app.queues)).toEqual(['clicks', 's3://drop/in/'])
    expect([queued.app.streams, queued.app.notifications]).toEqual([{}, undefined])
  })

  test('keys of encrypted streams and buckets are granted', () => {
    const { template } = synthesise('clicks', (stack) => ({
      bindings: {
        clicks: new Stream(stack, 'Mine', {
          encryption: StreamEncryption.KMS,
          encryptionKey: new Key(stack, 'StreamKey'),
        }),
        results: new Bucket(stack, 'Theirs', {
          encryption: BucketEncryption.KMS,
          encryptionKey: new Key(stack, 'BucketKey'),
        }),
      },
    }))
    const keysOf = (role: string): string =>
      JSON.stringify(statementsOf(template, `App${role}RoleDefaultPolicy`))
    expect(keysOf('Intake')).toContain('StreamKey')
    expect(keysOf('Intake')).not.toContain('BucketKey')
    expect(keysOf('Driver')).toContain('BucketKey')
    expect(keysOf('Driver')).toContain('StreamKey')
  })

  test('a key for the application encrypts all that it creates', () => {
    const { template } = synthesise('both', (stack) => ({ encryptionKey: new Key(stack, 'Key') }))
    template.allResourcesProperties('AWS::S3::Bucket', {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' }, BucketKeyEnabled: true },
        ],
      },
    })
    template.hasResourceProperties('AWS::DynamoDB::Table', { SSESpecification: { SSEType: 'KMS' } })
    template.hasResourceProperties('AWS::Kinesis::Stream', {
      StreamEncryption: { KeyId: Match.not('alias/aws/kinesis') },
    })
  })

  test('a queue may be replaced by a stream or a bucket', () => {
    const streamed = synthesise('orders', (stack) => ({
      bindings: { orders: new Stream(stack, 'Mine') },
    }))
    expect(Object.keys(streamed.app.streams)).toEqual(['orders'])
    const dropped = synthesise('orders', (stack) => ({
      bindings: { orders: new Bucket(stack, 'Mine') },
    }))
    expect(Object.keys(dropped.app.buckets)).toEqual(['orders'])
  })

  test('names that stand for one construct share what calls intake', () => {
    const { template, app } = synthesise('twice', (stack) => {
      const stream = new Stream(stack, 'S')
      const queue = new Queue(stack, 'Q', { visibilityTimeout: Duration.minutes(6) })
      const bucket = Bucket.fromBucketName(stack, 'B', 'theirs')
      return { bindings: { a: stream, b: stream, c: queue, d: queue, e: bucket, f: bucket } }
    })
    expect(app.mappings.map(({ node }) => node.id)).toEqual([
      'Mapping-a',
      'NotificationsMapping',
      'Mapping-c',
    ])
    template.hasResourceProperties('Custom::S3BucketNotifications', {
      NotificationConfiguration: {
        QueueConfigurations: [
          Match.objectLike({
            Filter: { Key: { FilterRules: [{ Name: 'prefix', Value: 'in/' }] } },
          }),
        ],
      },
    })
  })

  test('foreachRDD may write to buckets and tables that nothing else names', () => {
    const { app, template } = synthesise('foreach', (stack) => ({
      bindings: {
        theirs: new Bucket(stack, 'B'),
        totals: Table.fromTableName(stack, 'T', 'their-totals'),
      },
    }))
    expect([Object.keys(app.buckets), Object.keys(app.tables)]).toEqual([['theirs'], ['totals']])
    expect(locationsOf(template, 'MILLRACE_OUTPUTS')).toEqual({
      theirs: { kind: 'objects', bucket: expect.any(String) as string },
      totals: { kind: 'dynamodb', table: 'their-totals' },
    })
  })
})
