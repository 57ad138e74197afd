import { Template } from 'aws-cdk-lib/assertions'
import { Stream } from 'aws-cdk-lib/aws-kinesis'
import { Queue } from 'aws-cdk-lib/aws-sqs'
import { type App, Duration, Stack } from 'aws-cdk-lib'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Binding } from '../../infra/bindable.ts'
import { StreamingApp } from '../../infra/streaming-app.ts'
import { newStack } from './stacks.ts'

// Lambda refuses a second mapping of the same source and function, and CloudFormation creates a new
// one before it deletes the old one. So whatever changes in a pipeline, the resource must stay, and
// nothing may change in it that replaces it.

const folder = join(import.meta.dirname, 'fixtures', `mappings-${process.pid}`)
beforeAll(() => mkdirSync(folder))
afterAll(() => rmSync(folder, { recursive: true }))

let modules = 0

/** A module with these sources. */
const moduleOf = (sources: readonly string[]): string => {
  modules += 1
  const path = join(folder, `pipeline-${modules}.ts`)
  const lines = sources.map((source) => `  ssc.${source}.print()`)
  writeFileSync(
    path,
    [
      "import { seconds, stream } from 'millrace'",
      "export default stream('p', { batchInterval: seconds(2) }, (ssc) => {",
      ...lines,
      '})',
    ].join('\n'),
  )
  return path
}

const ARN = 'arn:aws:kinesis:eu-west-1:111111111111:stream/'

type Bindings = Readonly<Record<string, Binding>>

/** The mappings of the sources: their logical ids and properties. */
const mappingsOf = (
  sources: readonly string[],
  bind: (stack: Stack) => Bindings,
): Readonly<Record<string, unknown>> => {
  const stack = newStack()
  new StreamingApp(stack, 'App', { entry: moduleOf(sources), bindings: bind(stack) })
  return Template.fromStack(stack).findResources('AWS::Lambda::EventSourceMapping')
}

const imported =
  (...names: readonly string[]) =>
  (stack: Stack): Bindings =>
    Object.fromEntries(
      names.map((name, index) => [
        name,
        Stream.fromStreamArn(stack, `Import-${name}`, `${ARN}s${index}`),
      ]),
    )
const created =
  (...names: readonly string[]) =>
  (stack: Stack): Bindings =>
    Object.fromEntries(names.map((name, index) => [name, new Stream(stack, `Mine-${index}`)]))
const queued =
  (name: string) =>
  (stack: Stack): Bindings => ({
    [name]: new Queue(stack, 'Mine', { visibilityTimeout: Duration.minutes(6) }),
  })
/** The stream is in another stack of the same program. */
const elsewhere =
  (name: string) =>
  (stack: Stack): Bindings => ({
    [name]: new Stream(new Stack(stack.node.root as App, 'Other'), 'Theirs'),
  })

const text = (name: string, settings = ''): string => `kinesisTextStream('${name}'${settings})`

describe('a mapping stays as it is', () => {
  test.each<{
    what: string
    before: readonly string[]
    bound: (stack: Stack) => Bindings
    after: readonly string[]
    nowBound: (stack: Stack) => Bindings
  }>([
    {
      what: 'the name of a source of an imported stream',
      before: [text('a')],
      bound: imported('a'),
      after: [text('b')],
      nowBound: imported('b'),
    },
    {
      what: 'the name of a source of a stream in the stack',
      before: [text('a')],
      bound: created('a'),
      after: [text('b')],
      nowBound: created('b'),
    },
    {
      what: 'the name of a source of a stream in another stack',
      before: [text('a')],
      bound: elsewhere('a'),
      after: [text('b')],
      nowBound: elsewhere('b'),
    },
    {
      what: 'the name of a source of a queue',
      before: ["sqsTextStream('a')"],
      bound: queued('a'),
      after: ["sqsTextStream('b')"],
      nowBound: queued('b'),
    },
    {
      what: 'two names that change places',
      before: [text('a'), text('b')],
      bound: imported('a', 'b'),
      after: [text('b'), text('a')],
      nowBound: imported('b', 'a'),
    },
    {
      what: 'another source of the same stream, before the first one',
      before: [text('a')],
      bound: imported('a'),
      after: ["kinesisStream('first')", text('a')],
      nowBound: (stack) => ({
        first: Stream.fromStreamArn(stack, 'First', `${ARN}s0`),
        ...imported('a')(stack),
      }),
    },
    {
      what: 'startFrom',
      before: [text('a')],
      bound: imported('a'),
      after: [text('a', ', { startFrom: { at: new Date(0) } }')],
      nowBound: imported('a'),
    },
  ])('when this changes: $what', ({ before, bound, after, nowBound }) => {
    expect(mappingsOf(after, nowBound)).toEqual(mappingsOf(before, bound))
  })

  test('and another stream has another one', () => {
    const two = (stack: Stack): Bindings => ({
      a: Stream.fromStreamArn(stack, 'Import', `${ARN}other`),
    })
    const before = Object.keys(mappingsOf([text('a')], imported('a')))
    const after = Object.keys(mappingsOf([text('a')], two))
    expect(after.filter((id) => before.includes(id))).toHaveLength(1)
  })
})
