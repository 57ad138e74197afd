import { Duration, type Stack } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { Vpc } from 'aws-cdk-lib/aws-ec2'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readDriverEnvironment } from '../../functions/driver-environment.ts'
import { readExecutorEnvironment } from '../../functions/executor-environment.ts'
import { bundle } from '../../infra/bundle.ts'
import type { StreamingAppProps } from '../../infra/props.ts'
import { decodeAnswer } from '../../lib/runtime/tasks/task-request.ts'
import { StreamingApp } from '../../infra/streaming-app.ts'
import {
  actionsIn,
  fixture,
  newStack,
  statementsOf,
  synthesise,
  textOf,
  variablesOf,
} from './stacks.ts'

const FUNCTION = 'AWS::Lambda::Function'
const three = synthesise('both', () => ({ executors: 3 }))
const EXECUTOR = { Handler: 'executor.handler' }

describe('executors', () => {
  test.each([
    {
      what: 'have what the driver has, and one environment each',
      executors: 3,
      has: { MemorySize: 1_769, Timeout: 66, Runtime: 'nodejs24.x', Architectures: ['arm64'] },
      count: 3,
    },
    {
      what: 'have settings of their own',
      executors: {
        count: 2,
        memorySize: 3_008,
        timeout: Duration.minutes(2),
        environment: { STAGE: 'test' },
      },
      has: {
        MemorySize: 3_008,
        Timeout: 120,
        Environment: { Variables: Match.objectLike({ STAGE: 'test' }) },
      },
      count: 2,
    },
  ])('$what', ({ executors, has, count }) => {
    const { template, app } = synthesise('both', () => ({ executors }))
    expect(app.executors).toHaveLength(count)
    template.resourcePropertiesCountIs(
      FUNCTION,
      { ...EXECUTOR, ReservedConcurrentExecutions: 1, ...has },
      count,
    )
  })

  test('share a role, its policy and a log group, and the driver has a policy more', () => {
    const extra = (type: string): number =>
      Object.keys(three.template.findResources(type)).length -
      Object.keys(synthesise('both').template.findResources(type)).length
    expect(
      ['AWS::IAM::Role', 'AWS::IAM::Policy', 'AWS::Logs::LogGroup', FUNCTION].map(extra),
    ).toEqual([1, 2, 1, 3])
  })

  test('are told what they need, and the driver is told their names', () => {
    const ids = Object.keys(three.template.findResources(FUNCTION, { Properties: EXECUTOR }))
    const driver = readDriverEnvironment(variablesOf(three.template, 'driver'))
    expect(driver.executors.toSorted()).toEqual(ids.toSorted())
    const own = readExecutorEnvironment(variablesOf(three.template, 'executor'))
    expect(own).toMatchObject({ generation: 7, sources: driver.sources, blocks: driver.blocks })
    expect(variablesOf(three.template, 'executor')).not.toHaveProperty('MILLRACE_TRIGGERS')
  })

  test('read what the driver reads, and write only answers and parts of outputs', () => {
    const rows = statementsOf(three.template, 'AppExecutorsPolicy').map(
      ({ Action, Resource }) =>
        [[Action].flat().join(' '), textOf(Resource).replaceAll(/[0-9A-F]{8}/g, '')] as const,
    )
    expect(rows).toEqual([
      ['logs:CreateLogStream logs:PutLogEvents', 'AppExecutorsLogs.Arn'],
      ['dynamodb:GetItem dynamodb:Query', 'AppTable.Arn'],
      ['s3:GetObject', 'AppBlocks.Arn/both*'],
      ['s3:ListBucket', 'AppBlocks.Arn'],
      ['s3:PutObject', 'AppBlocks.Arn/both/answers/*'],
      [
        'kinesis:DescribeStreamSummary kinesis:GetRecords kinesis:GetShardIterator',
        'AppStreamclicks.Arn',
      ],
      ['s3:GetObject s3:GetObjectVersion', 'AppBucketdrop.Arn/in/*'],
      ['s3:ListBucket', 'AppBucketdrop.Arn'],
      ['s3:GetObject s3:PutObject', 'AppBucketresults.Arn/both*'],
    ])
  })

  test('are invoked by the driver alone', () => {
    const invoking = statementsOf(three.template, 'App').filter(({ Action }) =>
      [Action].flat().includes('lambda:InvokeFunction'),
    )
    const ids = Object.keys(three.template.findResources(FUNCTION, { Properties: EXECUTOR }))
    expect(invoking.map(({ Resource }) => [Resource].flat().map(textOf))).toEqual([
      ids.map((id) => `${id}.Arn`),
    ])
    three.template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyName: Match.stringLikeRegexp('Invoking'),
      Roles: [{ Ref: Match.stringLikeRegexp('^AppDriverRole') }],
    })
    three.template.resourceCountIs('AWS::Lambda::Permission', 0)
  })

  test('leave no large answers for longer than a day', () => {
    three.template.hasResourceProperties('AWS::S3::Bucket', {
      LifecycleConfiguration: {
        Rules: Match.arrayWith([
          { Id: 'answers', Prefix: 'both/answers/', ExpirationInDays: 1, Status: 'Enabled' },
        ]),
      },
    })
  })

  test('may use the keys of what they read', () => {
    const { template } = synthesise('both', (stack) => ({
      encryptionKey: new Key(stack, 'Key'),
      executors: 1,
    }))
    const actions = actionsIn(statementsOf(template, 'AppExecutorsRoleDefaultPolicy'))
    expect(actions).toEqual([
      'kms:Decrypt',
      'kms:Encrypt',
      'kms:GenerateDataKey*',
      'kms:ReEncrypt*',
    ])
  })

  test('run in the network, and have the rights that the code of the user needs', () => {
    const stack = newStack()
    const vpc = new Vpc(stack, 'Vpc')
    const app = new StreamingApp(stack, 'App', { entry: fixture('both'), executors: 2, vpc })
    app.addToRolePolicy(new PolicyStatement({ actions: ['ses:SendEmail'], resources: ['*'] }))
    const template = Template.fromStack(stack)
    template.resourcePropertiesCountIs(FUNCTION, { ...EXECUTOR, VpcConfig: Match.anyValue() }, 2)
    const own = statementsOf(template, 'AppExecutorsRoleDefaultPolicy')
    expect(own.map(({ Action }) => Action)).toEqual(['ses:SendEmail'])
  })

  test('are counted by the generation of the deployment', () => {
    const contentWith = (given: Partial<StreamingAppProps>): unknown => {
      const stack = newStack()
      new StreamingApp(stack, 'App', { entry: fixture('both'), ...given })
      const [counter] = Object.values(
        Template.fromStack(stack).findResources('Custom::MillraceGeneration'),
      ) as { Properties: { Content: string } }[]
      return counter?.Properties.Content
    }
    const environment = { STAGE: 'test' }
    const contents = [
      contentWith({}),
      contentWith({ executors: 1 }),
      contentWith({ executors: { count: 1, environment } }),
    ]
    expect(new Set(contents).size).toBe(3)
  })

  test.each([-1, 1.5, 33, Number.NaN])('cannot be %s', (executors) => {
    expect(() => synthesise('both', () => ({ executors }))).toThrow(/ARGUMENT_INVALID[^]*0 to 32/)
  })
})

test.each([
  { executors: 0, how: 'with 0 of them' },
  { executors: { count: 0 }, how: 'with settings for 0 of them' },
])('a stack without executors is as it was: $how', ({ executors }) => {
  const given = (stack: Stack): Partial<StreamingAppProps> => ({
    encryptionKey: new Key(stack, 'Key'),
  })
  const before = synthesise('both', given).template.toJSON()
  expect(synthesise('both', (stack) => ({ ...given(stack), executors })).template.toJSON()).toEqual(
    before,
  )
  expect(JSON.stringify(before)).not.toMatch(/executor|answers|InvokeFunction/i)
})

describe('the parallelism of a pipeline', () => {
  const driverOf = (given: Partial<StreamingAppProps>): Record<string, unknown> => {
    const { template } = synthesise('threads', () => given)
    const [one] = Object.values(
      template.findResources(FUNCTION, { Properties: { Handler: 'driver.handler' } }),
    )
    return (one as { readonly Properties: Record<string, unknown> }).Properties
  }
  const parallelismOf = ({ Environment }: Record<string, unknown>): unknown =>
    (Environment as { readonly Variables: Record<string, unknown> }).Variables[
      'MILLRACE_PARALLELISM'
    ]

  test.each<[string, Partial<StreamingAppProps>, memory: number, threads: unknown]>([
    ['gives the driver a processor for each thread', {}, 3 * 1_769, '3'],
    ['leaves the memory that is given', { driver: { memorySize: 4_096 } }, 4_096, '3'],
    ['is nothing beside executors', { executors: 2 }, 1_769, undefined],
  ])('%s', (_, given, memory, threads) => {
    const driver = driverOf(given)
    expect([driver['MemorySize'], parallelismOf(driver)]).toEqual([memory, threads])
  })

  test('is one task by default: nothing of threads is there', () => {
    expect(textOf(synthesise('both').template)).not.toContain('MILLRACE_PARALLELISM')
  })

  test('is read by the driver', () => {
    const { Environment } = driverOf({}) as { readonly Environment: { Variables: object } }
    const told = { ...Environment.Variables, MILLRACE_TRIGGERS: 'https://queue' }
    const texts = Object.fromEntries(
      Object.entries(told).filter(([, value]) => typeof value === 'string'),
    )
    const known = { MILLRACE_TABLE: 'table', MILLRACE_GENERATION: '7', MILLRACE_SOURCES: '{}' }
    const given = { ...texts, ...known, MILLRACE_OUTPUTS: '{}' }
    expect(readDriverEnvironment(given).parallelism).toBe(3)
  })

  test('is a thread of the bundle that answers tasks', { timeout: 180_000 }, () => {
    const outdir = mkdtempSync(join(tmpdir(), 'millrace-bundle-'))
    onTestFinished(() => rmSync(outdir, { recursive: true, force: true }))
    bundle(fixture('both'), outdir, {}, { hasThreads: true })
    const thread = JSON.stringify(join(outdir, 'executor-thread.mjs'))
    const call = `import { Worker } from 'node:worker_threads'
      const worker = new Worker(${thread}, { execArgv: [] })
      worker.on('message', ({ answer }) => {
        process.stdout.write(Buffer.from(answer).toString('base64'))
        process.exit(0)
      })
      worker.postMessage({ id: 1, request: ${JSON.stringify(FOREIGN)} })`
    expect(answeredBy(call)).toMatchObject({ why: 'differs' })
  })
})

test.each([
  { hasExecutors: false, handlers: ['driver', 'generation', 'intake'] },
  { hasExecutors: true, handlers: ['driver', 'executor', 'generation', 'intake'] },
])('the bundle, with executors: $hasExecutors', { timeout: 180_000 }, (parts) => {
  const outdir = mkdtempSync(join(tmpdir(), 'millrace-bundle-'))
  onTestFinished(() => rmSync(outdir, { recursive: true, force: true }))
  bundle(fixture('both'), outdir, {}, parts)
  const files = readdirSync(outdir)
  const handlers = files.filter((name) => /^(driver|executor|generation|intake).*mjs$/.test(name))
  expect(handlers.toSorted()).toEqual(parts.handlers.map((name) => `${name}.mjs`))
  expect(files.some((name) => name.startsWith('lambda-executors-'))).toBe(parts.hasExecutors)
  if (parts.hasExecutors) expect(refusalOf(outdir)).toMatchObject({ why: 'differs' })
})

/** A task of a driver of another generation. */
const FOREIGN = { app: 'both', generation: 6, plan: '', timeMs: 1, epoch: 1 }

/** What the bundled executor answers a driver of another generation. */
const refusalOf = (folder: string): unknown =>
  answeredBy(`const { handler } = await import(${JSON.stringify(join(folder, 'executor.mjs'))})
    const answer = await handler(${JSON.stringify(FOREIGN)})
    process.stdout.write(answer.bytes)
    process.exit(0)`)

/** What code prints in a process of its own, with the variables of a function. */
const answeredBy = (call: string): unknown => {
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', call], {
    encoding: 'utf8',
    env: {
      AWS_REGION: 'eu-west-1',
      MILLRACE_TABLE: 'table',
      MILLRACE_BLOCKS: 'blocks',
      MILLRACE_GENERATION: '7',
      MILLRACE_SOURCES: JSON.stringify({
        'kinesisTextStream-1': { kind: 'kinesis', streamArn: 'arn:aws:kinesis:a:1:stream/clicks' },
        'textFileStream-1': { kind: 'objects', bucket: 'drop', prefix: 'in/' },
      }),
    },
  })
  return decodeAnswer(Buffer.from(said.trim().split('\n').at(-1) ?? '', 'base64'))
}
