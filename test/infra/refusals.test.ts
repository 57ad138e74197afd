import type { Stack } from 'aws-cdk-lib'
import { Table } from 'aws-cdk-lib/aws-dynamodb'
import { Stream } from 'aws-cdk-lib/aws-kinesis'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { Queue } from 'aws-cdk-lib/aws-sqs'
import { describe, expect, test } from 'vitest'
import type { Binding } from '../../infra/bindable.ts'
import { StreamingApp } from '../../infra/streaming-app.ts'
import { fixture, newStack, synthesise } from './stacks.ts'

describe('what is refused', () => {
  test.each([
    { entry: 'hasty', code: 'INTERVAL_UNFIT' },
    { entry: 'slow', code: 'INTERVAL_UNFIT' },
    { entry: 'in-memory', code: 'QUEUE_NOT_RECOVERABLE' },
    { entry: 'socket', code: 'BINDING_MISSING' },
    { entry: 'directory', code: 'BINDING_MISSING' },
    { entry: 'loop', code: 'BINDING_UNFIT' },
    { entry: 'one-name', code: 'BINDING_UNFIT' },
    { entry: 'receiver', code: 'BINDING_MISSING' },
    { entry: 'elsewhere', code: 'BINDING_MISSING' },
    { entry: 'exits', code: 'MODULE_UNREADABLE' },
    { entry: 'not-there', code: 'MODULE_NOT_FOUND' },
  ])('$entry is refused with $code', ({ entry, code }) => {
    expect(() => synthesise(entry)).toThrow(
      expect.objectContaining({ name: 'MillraceError', code }),
    )
  })

  const unfit: readonly {
    readonly what: string
    readonly name: string
    readonly bindings: (stack: Stack) => Record<string, Binding>
    readonly fix: string
  }[] = [
    {
      what: 'a bucket for records of Kinesis',
      name: 'records',
      bindings: (stack) => ({ clicks: new Bucket(stack, 'B') }),
      fix: 'bind "clicks" to a stream',
    },
    {
      what: 'a queue for records of Kinesis',
      name: 'records',
      bindings: (stack) => ({ clicks: new Queue(stack, 'Q') }),
      fix: 'bind "clicks" to a stream',
    },
    {
      what: 'a table for a source',
      name: 'clicks',
      bindings: (stack) => ({ clicks: Table.fromTableName(stack, 'T', 'theirs') }),
      fix: 'bind "clicks" to a cluster of Kafka, or a stream, or a bucket, or a queue',
    },
    {
      what: 'a stream for the bucket of a source',
      name: 'files',
      bindings: (stack) => ({ drop: new Stream(stack, 'S') }),
      fix: 'bind "drop" to a bucket',
    },
    {
      what: 'a stream for the bucket of an output',
      name: 'clicks',
      bindings: (stack) => ({ results: new Stream(stack, 'S') }),
      fix: 'bind "results" to a bucket',
    },
    {
      what: 'a table for the bucket of an output',
      name: 'clicks',
      bindings: (stack) => ({ results: Table.fromTableName(stack, 'T', 'theirs') }),
      fix: 'bind "results" to a bucket',
    },
    {
      what: 'a bucket for the table of an output',
      name: 'orders',
      bindings: (stack) => ({ totals: new Bucket(stack, 'B') }),
      fix: 'bind "totals" to a table',
    },
    {
      what: 'a queue that shows a message again while intake handles it',
      name: 'orders',
      bindings: (stack) => ({ orders: new Queue(stack, 'Q') }),
      fix: 'give the queue visibilityTimeout: Duration.seconds(360)',
    },
    {
      what: 'two names of outputs for one bucket',
      name: 'two-outputs',
      bindings: (stack) => {
        const bucket = new Bucket(stack, 'B')
        return { first: bucket, second: bucket }
      },
      fix: 'bind the two names to different resources',
    },
    {
      what: 'two names of outputs for two constructs of one bucket',
      name: 'two-outputs',
      bindings: (stack) => ({
        first: Bucket.fromBucketName(stack, 'A', 'theirs'),
        second: Bucket.fromBucketName(stack, 'B', 'theirs'),
      }),
      fix: 'bind the two names to different resources',
    },
    {
      what: 'two names of outputs for one table',
      name: 'two-outputs',
      bindings: (stack) => ({
        one: Table.fromTableName(stack, 'A', 'theirs'),
        other: Table.fromTableName(stack, 'B', 'theirs'),
      }),
      fix: 'bind the two names to different resources',
    },
    {
      what: 'an output into a place that a source reads, under another name',
      name: 'two-outputs',
      bindings: (stack) => ({
        drop: Bucket.fromBucketName(stack, 'A', 'theirs'),
        first: Bucket.fromBucketName(stack, 'B', 'theirs'),
      }),
      fix: 'let the source read another one',
    },
    {
      what: 'a name without a construct',
      name: 'clicks',
      bindings: () => ({ clicks: 'a-name' as never }),
      fix: 'leave "clicks" out',
    },
  ]
  test.each(unfit)('$what', ({ name, bindings, fix }) => {
    expect(() => synthesise(name, (stack) => ({ bindings: bindings(stack) }))).toThrow(
      expect.objectContaining({
        code: 'BINDING_UNFIT',
        message: expect.stringContaining(fix) as string,
      }),
    )
  })

  test('two names of outputs for two buckets are accepted', () => {
    const { app } = synthesise('two-outputs', (stack) => ({
      bindings: {
        first: Bucket.fromBucketName(stack, 'A', 'theirs'),
        second: Bucket.fromBucketName(stack, 'B', 'others'),
      },
    }))
    expect(Object.keys(app.buckets)).toEqual(['drop', 'first', 'second'])
  })

  test('a name that the pipeline does not have', () => {
    const unknown = expect.objectContaining({ code: 'BINDING_UNKNOWN' }) as Error
    expect(() =>
      synthesise('clicks', (stack) => ({ bindings: { click: new Stream(stack, 'S') } })),
    ).toThrow(unknown)
  })

  test('a bucket in another region', () => {
    const stack = newStack({ env: { account: '111111111111', region: 'eu-central-1' } })
    const results = Bucket.fromBucketAttributes(stack, 'B', {
      bucketName: 'far',
      region: 'us-east-1',
    })
    const make = (): unknown =>
      new StreamingApp(stack, 'App', { entry: fixture('clicks'), bindings: { results } })
    expect(make).toThrow(expect.objectContaining({ code: 'BINDING_UNFIT' }))
  })

  test.each(['', 'a b', '/a', 'a'.repeat(65)])('the name %j', (appName) => {
    expect(() => synthesise('clicks', () => ({ appName }))).toThrow(
      expect.objectContaining({ code: 'ARGUMENT_INVALID' }),
    )
  })

  test('a generation that does not order', () => {
    expect(() => synthesise('clicks', () => ({ generation: Number.NaN }))).toThrow(
      expect.objectContaining({ code: 'ARGUMENT_INVALID' }),
    )
  })
})
