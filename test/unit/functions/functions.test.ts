import { text } from '../../../lib/formats/text.ts'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { seconds, stream } from 'millrace'
import { describe, expect, test } from 'vitest'
import { readDriverEnvironment } from '../../../functions/driver-environment.ts'
import { readExecutorEnvironment } from '../../../functions/executor-environment.ts'
import { readEnvironment } from '../../../functions/environment.ts'
import { triggerQueue } from '../../../functions/trigger-queue.ts'
import { memoryFiles } from '../../../lib/adapters/memory/memory-files.ts'
import { eventRoutes } from '../../../lib/runtime/intake/event-routes.ts'
import { readEvent, type SourceAppend } from '../../../lib/runtime/intake/event-reader.ts'
import { outputLocator } from '../../../lib/runtime/sinks/deployed.ts'
import { outputsTo } from '../../../lib/runtime/sinks/outputs.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const ARN = 'arn:aws:kinesis:eu-west-1:123456789012:stream/clicks'
const clicks = { kind: 'kinesis', streamArn: ARN } as const
const variables = {
  MILLRACE_TABLE: 'table',
  MILLRACE_TRIGGERS: 'https://queue',
  MILLRACE_SOURCES: JSON.stringify({ 'kinesisTextStream-1': clicks }),
  MILLRACE_OUTPUTS: JSON.stringify({ results: { kind: 'objects', bucket: 'my-bucket' } }),
  MILLRACE_GENERATION: '7',
  MILLRACE_TIMEOUT_S: '60',
}

describe('the environment', () => {
  test('is read', () => {
    expect(readDriverEnvironment(variables)).toEqual({
      table: 'table',
      blocks: undefined,
      triggers: 'https://queue',
      sources: new Map([['kinesisTextStream-1', clicks]]),
      outputs: new Map([['results', { kind: 'objects', bucket: 'my-bucket' }]]),
      generation: 7,
      timeoutMs: 60_000,
      executors: [],
      parallelism: 1,
    })
    expect(readDriverEnvironment({ ...variables, MILLRACE_PARALLELISM: '3' }).parallelism).toBe(3)
    const names = { ...variables, MILLRACE_EXECUTORS: '["exec-0","exec-1"]' }
    expect(readDriverEnvironment(names).executors).toEqual(['exec-0', 'exec-1'])
  })

  test('of an executor needs no queue', () => {
    const { MILLRACE_TRIGGERS: _, ...own } = variables
    expect(readExecutorEnvironment(own)).toEqual({
      table: 'table',
      blocks: undefined,
      sources: new Map([['kinesisTextStream-1', clicks]]),
      outputs: new Map([['results', { kind: 'objects', bucket: 'my-bucket' }]]),
      generation: 7,
    })
    expect(() => readExecutorEnvironment({ ...own, MILLRACE_GENERATION: '0' })).toThrow(
      'MILLRACE_GENERATION',
    )
  })

  test.each<[string, string | undefined]>([
    ['MILLRACE_TABLE', undefined],
    ['MILLRACE_TRIGGERS', ''],
    ['MILLRACE_SOURCES', 'no json'],
    ['MILLRACE_SOURCES', '[]'],
    ['MILLRACE_SOURCES', '{"a":{"kind":"kinesis"}}'],
    ['MILLRACE_OUTPUTS', '1'],
    ['MILLRACE_OUTPUTS', '{"results":"my-bucket"}'],
    ['MILLRACE_OUTPUTS', '{"results":{"kind":"objects"}}'],
    ['MILLRACE_GENERATION', undefined],
    ['MILLRACE_GENERATION', '1.5'],
    ['MILLRACE_EXECUTORS', '{}'],
    ['MILLRACE_EXECUTORS', '[1]'],
    ['MILLRACE_EXECUTORS', 'exec-0'],
    ['MILLRACE_PARALLELISM', '0'],
    ['MILLRACE_TIMEOUT_S', '0'],
    ['MILLRACE_TIMEOUT_S', 'a minute'],
  ])('%s = %s is refused by name', (name, value) => {
    expect(() => readDriverEnvironment({ ...variables, [name]: value })).toThrow(name)
  })
})

describe('an output', () => {
  const { outputs } = readDriverEnvironment(variables)
  const sinks = { objects: async (): Promise<never> => Promise.reject(new Error('not opened')) }
  const locate = outputLocator(outputs, sinks)

  test.each([
    { place: 's3://results/totals-1000', location: { bucket: 'my-bucket', path: 'totals-1000' } },
    { place: 's3://other/a/b-1000', location: { bucket: 'other', path: 'a/b-1000' } },
    { place: 'results/totals-1000', location: { bucket: 'my-bucket', path: 'totals-1000' } },
  ])('to $place is in a bucket', ({ place, location }) => {
    expect(locate(place)).toEqual({ kind: 'objects', ...location })
  })

  test('to a directory is refused, with the names that are bound', () => {
    expect(() => locate('out/totals')).toThrow(/BINDING_MISSING[^]*results/)
  })

  test('goes to the sink of its bucket', async () => {
    const files = memoryFiles()
    const opened: string[] = []
    const objects = async (bucket: string): Promise<typeof files> => {
      opened.push(bucket)
      return files
    }
    const port = outputsTo({ locate, ports: { objects } })
    const written = await port.write({ place: 's3://results/x-1', format: text }, [['1']], {
      timeMs: 1,
      fence: { app: 'a', generation: 1, epoch: 1 },
    })
    expect([...files.files().keys()]).toEqual([])
    await port.publish(
      'a',
      [written].flatMap((one) => one ?? []),
    )
    expect(opened).toEqual(['my-bucket'])
    expect([...files.files().keys()]).toContain('x-1/part-00000')
  })

  test('opens its sink again in the next batch when it could not be opened', async () => {
    const files = memoryFiles()
    let opened = 0
    const objects = async (): Promise<typeof files> => {
      if (++opened === 1) throw new Error('no network yet')
      return files
    }
    const port = outputsTo({ locate, ports: { objects } })
    const write = (timeMs: number): Promise<unknown> =>
      port.write({ place: `s3://results/x-${timeMs}`, format: text }, [['1']], {
        timeMs,
        fence: { app: 'a', generation: 1, epoch: 1 },
      })
    await expect(write(1)).rejects.toThrow('no network yet')
    await write(1)
    await write(2)
    expect(opened).toBe(2)
  })
})

describe('records of a stream', () => {
  const plan = stream('app', { batchInterval: seconds(1) }, (ssc) => {
    ssc.kinesisTextStream('clicks').print()
    ssc.kinesisStream('clicks').print()
  }).build()
  const sources = new Map([
    ['kinesisTextStream-1', clicks],
    ['kinesisStream-1', clicks],
  ])
  const routes = eventRoutes(plan, sources, { kinesis: { createdMs: async () => 5 } })
  const record = {
    eventID: 'shardId-000000000000:1',
    eventSourceARN: ARN,
    kinesis: {
      partitionKey: 'k',
      sequenceNumber: '1',
      data: 'YQ==',
      approximateArrivalTimestamp: 1,
    },
  }

  test('go to every source that reads it', async () => {
    const { appends } = await readEvent({ Records: [record] }, routes)
    expect(
      appends.map((append) => [
        append.source,
        'delivery' in append ? append.delivery.records[0]?.record : undefined,
      ]),
    ).toMatchObject([
      ['kinesisTextStream-1', 'a'],
      ['kinesisStream-1', { partitionKey: 'k' }],
    ])
  })

  test('of another stream are refused', async () => {
    const event = { Records: [{ ...record, eventSourceARN: `${ARN}2` }] }
    await expect(readEvent(event, routes)).rejects.toMatchObject({ code: 'EVENT_INVALID' })
    expect(await readEvent({ Records: [] }, routes)).toEqual({ appends: [] })
  })

  test('that are no records at all are refused, and not acknowledged', async () => {
    await expect(readEvent({}, routes)).rejects.toMatchObject({ code: 'EVENT_INVALID' })
  })
})

describe('the queue of triggers', () => {
  const sent: { readonly Entries?: readonly { readonly DelaySeconds?: number }[] }[] = []
  const queueOf = (answer: object): ReturnType<typeof triggerQueue> => {
    const send = async ({ input }: { readonly input: object }): Promise<object> => {
      sent.push(input)
      return answer
    }
    return triggerQueue({ client: { send } as never, queueUrl: 'q', now: () => 1_000 })
  }

  test('takes ten triggers in one call, each with its delay', async () => {
    await queueOf({})(
      Array.from({ length: 12 }, (_, index) => ({ app: 'a', atMs: 1_000 + index * 1_000 })),
    )
    expect(sent.map(({ Entries = [] }) => Entries.map(({ DelaySeconds }) => DelaySeconds))).toEqual(
      [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [10, 11],
      ],
    )
  })

  test('is an error if it refuses a trigger', async () => {
    await expect(queueOf({ Failed: [{ Message: 'full' }] })([{ app: 'a' }])).rejects.toMatchObject({
      code: 'STORE_FAILED',
    })
  })
})

describe.each(['intake', 'driver', 'driver-with-executors', 'executor'])('%s', (name) => {
  const entry = join(root, 'functions', `${name}.ts`)
  const bundle = build({
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    format: 'esm',
    minify: true,
    write: false,
    metafile: true,
    absWorkingDir: root,
    conditions: ['millrace-source'],
    alias: {
      'millrace-pipeline': join(root, 'test/unit/functions/clicks.ts'),
      millrace: join(root, 'lib/index.ts'),
    },
  })

  test('is a short file, and bundles with a pipeline', async () => {
    expect(readFileSync(entry, 'utf8').split('\n').length).toBeLessThan(60)
    const text = (await bundle).outputFiles[0]?.text ?? ''
    expect(text).toContain('clicks-of-the-test')
    expect(text.length).toBeLessThan(2_000_000)
  })

  test('contains only what it runs', async () => {
    const ofDriver =
      /^lib\/runtime\/(sinks|tasks\/(execute|spread|stage-|task-)|driver\/(driver|run|commit))|sink/
    const ofExecutors = /lambda|executor/
    const others =
      {
        intake: ofDriver,
        driver: new RegExp(`intake|${ofExecutors.source}`),
        // Sinks are loaded when a part is written.
        executor: /intake|driver\/(driver|run|commit)|lambda-executors/,
      }[name] ?? /intake/
    const onLaptops = /node:sqlite|adapters\/(local\/sqlite|memory)|^cli\//
    const { outputs } = (await bundle).metafile
    const files = Object.values(outputs).flatMap(({ inputs }) =>
      Object.entries(inputs).flatMap(([file, { bytesInOutput }]) =>
        bytesInOutput > 0 ? [file] : [],
      ),
    )
    expect(files).toContain(`functions/${name}.ts`)
    const isForeign = (file: string): boolean => others.test(file) || onLaptops.test(file)
    expect(files.filter((file) => !file.startsWith('node_modules/') && isForeign(file))).toEqual([])
  })
})

describe('notifications of objects', () => {
  const plan = stream('files', { batchInterval: seconds(1) }, (ssc) => {
    ssc.textFileStream('in').print()
    ssc.textFileStream('all').print()
  }).build()
  const { sources } = readEnvironment({
    ...variables,
    MILLRACE_SOURCES: JSON.stringify({
      'textFileStream-1': { kind: 'objects', bucket: 'b', prefix: 'in/' },
      'textFileStream-2': { kind: 'objects', bucket: 'b' },
    }),
  })
  const created = (key: string, bucket = 'b'): string =>
    JSON.stringify({
      Records: [
        {
          eventName: 'ObjectCreated:Put',
          eventTime: '1970-01-01T00:00:05.000Z',
          s3: { bucket: { name: bucket }, object: { key } },
        },
      ],
    })
  const routes = eventRoutes(plan, sources, {})
  const notifiedBy = async (...bodies: readonly string[]): Promise<readonly SourceAppend[]> => {
    const Records = bodies.map((body) => ({ eventSource: 'aws:sqs', body }))
    return (await readEvent({ Records }, routes)).appends
  }

  test('go to every source whose prefix they match', async () => {
    expect(await notifiedBy(created('in/a+b.txt'), created('out/c'))).toEqual([
      {
        source: 'textFileStream-1',
        lane: '@notifications',
        records: [{ key: 'in/a b.txt', eventMs: 5_000 }],
      },
      {
        source: 'textFileStream-2',
        lane: '@notifications',
        records: [
          { key: 'in/a b.txt', eventMs: 5_000 },
          { key: 'out/c', eventMs: 5_000 },
        ],
      },
    ])
  })

  test.each([
    ['another bucket', created('in/a', 'other')],
    ['a hidden name', created('in/.a')],
    ['a temporary name', created('in/a._COPYING_')],
    ['what another job is still writing', created('in/_temporary/0/part-0')],
    ['a folder that a console has made', created('in/new/')],
    ['a test event', JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'b' })],
  ])('of %s are ignored', async (_, body) => {
    expect(await notifiedBy(body)).toEqual([])
  })
})
