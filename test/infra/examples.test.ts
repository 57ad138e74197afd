import { App, Duration, type Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Stream } from 'aws-cdk-lib/aws-kinesis'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { Queue } from 'aws-cdk-lib/aws-sqs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readDriverEnvironment } from '../../functions/driver-environment.ts'
import type { Binding } from '../../infra/bindable.ts'
import { exampleStack } from '../../infra/example.ts'
import { StreamingApp } from '../../infra/streaming-app.ts'
import { newStack, variablesOf } from './stacks.ts'

const example = (name: string): string =>
  join(import.meta.dirname, '..', '..', 'examples', `${name}.ts`)

/** The variables of the driver, as the function reads them. */
const environmentIn = (template: Template): ReturnType<typeof readDriverEnvironment> =>
  // Only CloudFormation knows the number of a deployment.
  readDriverEnvironment({ ...variablesOf(template, 'driver'), MILLRACE_GENERATION: '1' })

const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } })
exampleStack(app)
const deployed = Template.fromStack(app.node.findChild('Millrace') as Stack)

test('npx cdk deploy reads a stream and a bucket, writes to a bucket, prints commands', () => {
  expect([...environmentIn(deployed).sources]).toMatchObject([
    ['kinesisTextStream-1', { kind: 'kinesis' }],
    ['textFileStream-1', { kind: 'objects', prefix: '' }],
  ])
  expect([...environmentIn(deployed).outputs]).toMatchObject([['results', { kind: 'objects' }]])
  expect(Object.keys(deployed.findOutputs('*'))).toEqual([
    'ExamplePutclicks',
    'ExampleDropdrop',
    'ExampleSeeresultstotals',
    'ExampleShow',
    'ExampleTableName',
  ])
})

const lines: readonly {
  bound: string
  to: (stack: Stack) => Record<string, Binding>
  source: object
}[] = [
  {
    bound: 'nothing, so that a bucket is created',
    to: () => ({}),
    source: { kind: 'objects', prefix: '' },
  },
  {
    bound: 'a bucket',
    to: (stack) => ({ lines: new Bucket(stack, 'Mine') }),
    source: { kind: 'objects', prefix: '' },
  },
  {
    bound: 'a stream',
    to: (stack) => ({ lines: new Stream(stack, 'Mine') }),
    source: { kind: 'kinesis' },
  },
  {
    bound: 'a queue',
    to: (stack) => ({
      lines: new Queue(stack, 'Mine', { visibilityTimeout: Duration.minutes(6) }),
    }),
    source: { kind: 'sqs' },
  },
]

describe.each(lines)(
  'the word count goes to AWS unchanged, with lines bound to $bound',
  ({ to, source }) => {
    const stack = newStack()
    new StreamingApp(stack, 'App', { entry: example('word-count'), bindings: to(stack) })
    const { sources } = environmentIn(Template.fromStack(stack))

    test('and reads it', () => expect([...sources]).toMatchObject([['textFileStream-1', source]]))
  },
)
