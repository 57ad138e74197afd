import { type App, Stack } from 'aws-cdk-lib'
import { Table } from 'aws-cdk-lib/aws-dynamodb'
import { Key } from 'aws-cdk-lib/aws-kms'
import { BlockPublicAccess, Bucket } from 'aws-cdk-lib/aws-s3'
import { Queue } from 'aws-cdk-lib/aws-sqs'
import { AwsSolutionsChecks } from 'cdk-nag'
import { expect, test } from 'vitest'
import type { StreamingAppProps } from '../../infra/props.ts'
import { StreamingApp } from '../../infra/streaming-app.ts'
import { fixture, newStack } from './stacks.ts'

/** What the rules ask of a bucket. */
const SAFE = {
  enforceSSL: true,
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  serverAccessLogsPrefix: 'log',
}
const encrypted = (stack: Stack): Partial<StreamingAppProps> => ({
  encryptionKey: new Key(stack, 'Key', { enableKeyRotation: true }),
})
const given = (stack: Stack): Partial<StreamingAppProps> => ({
  bindings: { drop: Bucket.fromBucketName(stack, 'Theirs', 'theirs') },
})
const elsewhere = (stack: Stack): Partial<StreamingAppProps> => ({
  bindings: { drop: new Bucket(new Stack(stack.node.root as App, 'Other'), 'Theirs', SAFE) },
})
const orders = (stack: Stack): Partial<StreamingAppProps> => ({
  bindings: {
    orders: Queue.fromQueueArn(stack, 'Queue', 'arn:aws:sqs:eu-west-1:111111111111:orders'),
    totals: Table.fromTableName(stack, 'Table', 'totals'),
  },
})
const topics = (): Partial<StreamingAppProps> => {
  const cluster = 'arn:aws:kafka:eu-west-1:111111111111:cluster/shop/1234-5'
  return { bindings: { sold: cluster, returned: cluster } }
}
const nothing = (): Partial<StreamingAppProps> => ({})

const executors = (stack: Stack): Partial<StreamingAppProps> => ({
  ...encrypted(stack),
  executors: 3,
})

test.each([
  { name: 'both', prepare: () => ({ executors: 2 }), how: 'with executors' },
  { name: 'both', prepare: executors, how: 'with executors and a key' },
  { name: 'clicks', prepare: nothing, how: 'all created' },
  { name: 'files', prepare: nothing, how: 'all created' },
  { name: 'both', prepare: encrypted, how: 'a key given' },
  { name: 'files', prepare: given, how: 'a bucket given' },
  { name: 'files', prepare: elsewhere, how: 'a bucket of another stack' },
  { name: 'orders', prepare: nothing, how: 'all created' },
  { name: 'orders', prepare: encrypted, how: 'a key given' },
  { name: 'orders', prepare: orders, how: 'a queue and a table given' },
  { name: 'topics', prepare: topics, how: 'a cluster given' },
])('cdk-nag finds only what is explained: $name, $how', ({ name, prepare }) => {
  const stack = newStack()
  new StreamingApp(stack, 'App', { entry: fixture(name), ...prepare(stack) })
  const { violations } = new AwsSolutionsChecks(stack).validateScope(stack.node.root)
  expect(violations).toEqual([])
})
