import { App, type Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Stream } from 'aws-cdk-lib/aws-kinesis'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readEnvironment } from '../../functions/environment.ts'
import type { Binding } from '../../infra/bindings.ts'
import { exampleStack } from '../../infra/example.ts'
import { StreamingApp } from '../../infra/streaming-app.ts'
import { newStack } from './stacks.ts'

const example = (name: string): string =>
  join(import.meta.dirname, '..', '..', 'examples', `${name}.ts`)

/** The variables of the driver, as the function reads them; what only CloudFormation knows is a word. */
const environmentIn = (template: Template): ReturnType<typeof readEnvironment> => {
  const [driver] = Object.values(
    template.findResources('AWS::Lambda::Function', { Properties: { Handler: 'driver.handler' } }),
  )
  const { Variables } = (
    driver as { Properties: { Environment: { Variables: Record<string, unknown> } } }
  ).Properties.Environment
  return readEnvironment(
    Object.fromEntries(Object.entries(Variables).map(([name, value]) => [name, shown(value)])),
  )
}

const shown = (value: unknown): string => {
  if (typeof value === 'string') return value
  const { 'Fn::Join': join_, Ref: ref } = value as {
    'Fn::Join'?: [string, unknown[]]
    Ref?: string
  }
  return join_ === undefined ? (ref ?? 'attribute') : join_[1].map(shown).join(join_[0])
}

const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } })
exampleStack(app)
const deployed = Template.fromStack(app.node.findChild('Millrace') as Stack)

test('what npx cdk deploy deploys reads a stream and a bucket, writes into another bucket, and says what to do next', () => {
  expect([...environmentIn(deployed).sources]).toMatchObject([
    ['kinesisTextStream-1', { kind: 'kinesis' }],
    ['textFileStream-1', { kind: 'objects', prefix: '' }],
  ])
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
