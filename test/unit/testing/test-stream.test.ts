import {
  milliseconds,
  minutes,
  type Pipeline,
  seconds,
  type State,
  StateSpec,
  stream,
  type StreamingContext,
  type StreamOptions,
} from 'millrace'
import { testStream, type TestStream, type TestStreamOptions } from 'millrace/testing'
import { describe, expect, test } from 'vitest'

const pipelineOf = (
  describe: (ssc: StreamingContext) => void,
  options: Partial<StreamOptions> = {},
): Pipeline => stream('app', { batchInterval: seconds(1), ...options }, describe)

const started = async (
  describe: (ssc: StreamingContext) => void,
  options: TestStreamOptions = {},
): Promise<TestStream> => testStream(pipelineOf(describe), { now: new Date(0), ...options })

const sum = (values: readonly number[], total = 0): number => values.reduce((a, b) => a + b, total)

describe('inputs', () => {
  interface Row {
    readonly source: string
    readonly describe: (ssc: StreamingContext) => void
    readonly add: (app: TestStream) => void
    readonly expected: readonly unknown[]
  }
  const rows: readonly Row[] = [
    {
      source: 'kinesisTextStream',
      describe: (ssc) => ssc.kinesisTextStream('clicks').print(),
      add: (app) => app.input('clicks').add('a', Buffer.from('b')),
      expected: ['a', 'b'],
    },
    {
      source: 'kinesisStream',
      describe: (ssc) =>
        ssc
          .kinesisStream('clicks', {
            decode: ({ data, partitionKey, arrivalTime }) => [
              partitionKey,
              data.length,
              arrivalTime.getTime(),
            ],
          })
          .print(),
      add: (app) => app.input('clicks').add('abc', { data: Uint8Array.of(1), partitionKey: 'k' }),
      expected: [
        ['key', 3, 0],
        ['k', 1, 0],
      ],
    },
    {
      source: 'two shards of one stream',
      describe: (ssc) => ssc.kinesisTextStream('clicks').print(),
      add: (app) =>
        app.input('clicks').add({ data: 'b', shard: 'two' }, { data: 'a', shard: 'one' }),
      expected: ['a', 'b'],
    },
    {
      source: 'socketTextStream',
      describe: (ssc) => ssc.socketTextStream('localhost', 9999).print(),
      add: (app) => app.input('localhost:9999').add('a').add('b'),
      expected: ['a', 'b'],
    },
    {
      source: 'textFileStream',
      describe: (ssc) => ssc.textFileStream('in').print(),
      add: (app) =>
        app
          .input('in')
          .addFile('b.txt', 'b\n')
          .addFile('a.txt', 'a\n')
          .addFile('c.txt', 'c\n')
          .removeFile('c.txt'),
      expected: ['a', 'b'],
    },
    {
      source: 'fileStream, by a pattern',
      describe: (ssc) =>
        ssc.fileStream('logs/app-*', { read: (bytes, path) => [[path, bytes.length]] }).print(),
      add: (app) =>
        app
          .input('logs/app-*')
          .addFile('app-1/a', 'abc')
          .addFile('other/a', 'a')
          .addFile('app-2/a', 'a')
          .addFile('a', 'a'),
      expected: [
        ['app-1/a', 3],
        ['app-2/a', 1],
      ],
    },
    {
      source: 'binaryRecordsStream',
      describe: (ssc) =>
        ssc
          .binaryRecordsStream('in', 2)
          .map((record) => [...record])
          .print(),
      add: (app) => app.input('in').addFile('a', Uint8Array.of(1, 2, 3, 4)),
      expected: [
        [1, 2],
        [3, 4],
      ],
    },
    {
      source: 'receiverStream',
      describe: (ssc) => ssc.receiverStream<{ readonly n: number }>(async () => undefined).print(),
      add: (app) => app.input('receiverStream-1').add({ n: 1 }, { n: 2 }),
      expected: [{ n: 1 }, { n: 2 }],
    },
    {
      source: 'queueStream',
      describe: (ssc) => ssc.queueStream<number>([[1]], { oneAtATime: false }).print(),
      add: (app) => app.input('queueStream-1').add(2, 3),
      expected: [1, 2, 3],
    },
    {
      source: 'one stream for two sources',
      describe: (ssc) =>
        ssc.union(ssc.kinesisTextStream('clicks'), ssc.kinesisTextStream('clicks')).print(),
      add: (app) => app.input('clicks').add('a'),
      expected: ['a', 'a'],
    },
  ]
  test.each(rows)('$source', async ({ describe, add, expected }) => {
    const app = await started(describe)
    add(app)
    await app.advance(seconds(1))
    expect(app.output('print-1').batches.map(({ timeMs, elements }) => [timeMs, elements])).toEqual(
      [[1_000, expected]],
    )
  })

  test('a record that is added between two batch times is in the next batch', async () => {
    const app = await started((ssc) => ssc.kinesisTextStream('clicks').print(), {
      whenIdle: 'tick',
    })
    app.input('clicks').add('a')
    await app.advance(milliseconds(1_500))
    app.input('clicks').add('b')
    await app.advance(milliseconds(1_500))
    expect(app.output('print-1').elements).toEqual([['a'], ['b'], []])
    expect(app.nowMs).toBe(3_000)
  })

  test('a batch takes no time, unless a function calls passTime()', async () => {
    const app: TestStream = await started(
      (ssc) => ssc.kinesisTextStream('clicks').foreachRDD(() => app.passTime(milliseconds(2_500))),
      {
        whenIdle: 'tick',
      },
    )
    await app.advance(seconds(4))
    expect(
      app.events.flatMap((event) =>
        event.event === 'batchStarted' ? [[event.timeMs, event.delayMs]] : [],
      ),
    ).toEqual([
      [1_000, 0],
      [2_000, 1_500],
    ])
  })

  test('a file is taken by its modification time', async () => {
    const app = await started((ssc) => ssc.textFileStream('in').print())
    app
      .input('in')
      .addFile('old', 'old', { modified: 0 })
      .addFile('later', 'later', { modified: new Date(2_500) })
    await app.advance(seconds(5))
    expect(
      app
        .output('print-1')
        .batches.flatMap(({ timeMs, elements }) => (elements?.length ? [[timeMs, elements]] : [])),
    ).toEqual([[3_000, ['later']]])
  })
})

describe('outputs', () => {
  test('print, saveAsTextFiles and foreachRDD, each with its batches', async () => {
    const seen: unknown[] = []
    const app = await started((ssc) => {
      const words = ssc.kinesisTextStream('clicks').flatMap((line) => line.split(' '))
      words.print(1)
      words.saveAsTextFiles('s3://results/words', 'txt')
      words.foreachRDD(async (rdd, time, attempt) => {
        seen.push([time.milliseconds, attempt.number, await rdd.count()])
        await rdd.saveAsTextFile(`own/${time.milliseconds}`)
      })
    })
    app.input('clicks').add('to be')
    await app.advance(seconds(1))
    const ruler = '-'.repeat(43)
    const batch = {
      timeMs: 1_000,
      elements: ['to', 'be'],
      partitions: [['to', 'be']],
      printed: '',
      files: {},
      attempt: 1,
    }
    const printed = `${ruler}\nTime: 1000 ms (1970-01-01T00:00:01.000Z)\n${ruler}\nto\n...\n\n`
    expect(app.output('print-1').batches).toEqual([{ ...batch, printed }])
    expect(app.output('print-1').printed).toBe(printed)
    expect(app.output('saveAsTextFiles-1').batches).toEqual([
      { ...batch, files: { 's3://results/words-1000.txt/part-00000': 'to\nbe\n' } },
    ])
    expect(app.output('foreachRDD-1').batches).toEqual([
      { ...batch, files: { 'own/1000/part-00000': 'to\nbe\n' } },
    ])
    expect(app.files).toEqual({
      'own/1000/part-00000': 'to\nbe\n',
      'results/words-1000.txt/part-00000': 'to\nbe\n',
    })
    expect(seen).toEqual([[1_000, 1, 2]])
  })

  test('a function runs once for each record', async () => {
    let calls = 0
    const app = await started((ssc) =>
      ssc
        .kinesisTextStream('clicks')
        .map((text) => `${text}${++calls}`)
        .print(),
    )
    app.input('clicks').add('a', 'b')
    await app.advance(seconds(1))
    expect([calls, app.output('print-1').elements]).toEqual([2, [['a1', 'b2']]])
  })

  test('a watched stream shows its batches', async () => {
    const app = await started(
      (ssc) => {
        const clicks = ssc.kinesisTextStream('clicks').named('clicks')
        clicks.filter(() => false).print()
      },
      { watch: ['clicks'], whenIdle: 'tick' },
    )
    app.input('clicks').add('a')
    await app.advance(seconds(2))
    expect(app.stream('clicks').elements).toEqual([['a'], []])
    expect(app.output('print-1').elements).toEqual([[], []])
  })
})

describe('time', () => {
  test.each([
    ['rest', [1_000, 2_000, 5_000, 6_000]],
    ['tick', [1_000, 2_000, 3_000, 4_000, 5_000, 6_000]],
  ] as const)('an idle pipeline with whenIdle: %s', async (whenIdle, expected) => {
    const app = await started((ssc) => ssc.kinesisTextStream('clicks').print(), { whenIdle })
    app.input('clicks').add('a')
    await app.advance(seconds(4))
    app.input('clicks').add('b')
    await app.advance(seconds(2))
    expect(app.output('print-1').batches.map(({ timeMs }) => timeMs)).toEqual(expected)
    expect(await app.status()).toBe(whenIdle === 'rest' ? 'rest' : 'running')
  })

  test('the same test gives the same events', async () => {
    const run = async (): Promise<unknown> => {
      const app = await started((ssc) => ssc.kinesisTextStream('clicks').print(), {
        whenIdle: 'tick',
      })
      app.input('clicks').add('a')
      await app.advance(seconds(10))
      return app.events
    }
    expect(await run()).toEqual(await run())
  })
})

describe('restarts', () => {
  const totals = (ssc: StreamingContext): void =>
    ssc
      .kinesisTextStream('clicks')
      .mapToPair((key) => [key, 1])
      .updateStateByKey<number>(sum)
      .named('totals')
      .print()

  test('state is read from the store, and the pipeline is built again', async () => {
    let built = 0
    const app = await started((ssc) => {
      built += 1
      totals(ssc)
    })
    expect(await app.state('totals')).toEqual([])
    for (const word of ['a', 'b', 'a']) {
      app.input('clicks').add(word)
      await app.restart()
      await app.advance(seconds(1))
    }
    expect(built).toBe(4)
    expect(await app.state('totals')).toEqual([
      ['a', 2],
      ['b', 1],
    ])
    expect(app.output('print-1').batches).toHaveLength(3)
  })

  test('the state of mapWithState can be read, with a timeout or without', async () => {
    const count = (key: string, _: number | undefined, state: State<number>): string => {
      state.update((state.exists() ? state.get() : 0) + 1)
      return key
    }
    const app = await started((ssc) => {
      const pairs = ssc.kinesisTextStream('clicks').mapToPair((key) => [key, 1])
      pairs.mapWithState(StateSpec.function(count)).named('for-ever').print()
      pairs
        .mapWithState(StateSpec.function(count).timeout(seconds(60)))
        .named('for-a-while')
        .print()
    })
    app.input('clicks').add('a', 'b', 'a')
    await app.advance(seconds(1))
    for (const id of ['for-ever', 'for-a-while'])
      expect(await app.state(id)).toEqual([
        ['a', 2],
        ['b', 1],
      ])
  })

  test('batches that were missed while it was down run late, with the records', async () => {
    const app = await started(totals, { whenIdle: 'tick' })
    app.input('clicks').add('a')
    await app.restart({ downFor: milliseconds(2_500) })
    await app.advance(seconds(1))
    expect(app.output('print-1').batches.map(({ timeMs, elements }) => [timeMs, elements])).toEqual(
      [
        [1_000, []],
        [2_000, []],
        [3_000, [['a', 1]]],
      ],
    )
  })

  test('a new deployment continues with the state, or is refused', async () => {
    const app = await started(totals)
    app.input('clicks').add('a')
    await app.advance(seconds(1))
    await app.restart({
      pipeline: pipelineOf((ssc) => {
        totals(ssc)
        ssc.kinesisTextStream('taps').print()
      }),
    })
    app.input('taps').add('b')
    await app.advance(seconds(1))
    expect([await app.state('totals'), app.output('print-2').elements]).toEqual([
      [['a', 1]],
      [['b']],
    ])
    await expect(
      app.restart({ pipeline: pipelineOf((ssc) => ssc.kinesisTextStream('clicks').print()) }),
    ).rejects.toMatchObject({
      code: 'PLAN_INCOMPATIBLE',
    })
  })

  test('a queue cannot be recovered by another process', async () => {
    const app = await started((ssc) => ssc.queueStream([[1], [2]]).print())
    await app.advance(seconds(1))
    await expect(app.restart({ downFor: seconds(1) })).rejects.toMatchObject({
      code: 'QUEUE_NOT_RECOVERABLE',
    })
  })
})

describe('failures', () => {
  const failing = (times: number) => {
    let left = times
    return (ssc: StreamingContext): void =>
      ssc.kinesisTextStream('clicks').foreachRDD(() => {
        if (left-- > 0) throw new Error('no answer')
      })
  }

  test('a failing batch fails the test', async () => {
    const app = await started(failing(1))
    app.input('clicks').add('a')
    await expect(app.advance(seconds(3))).rejects.toMatchObject({
      code: 'USER_FUNCTION_FAILED',
      cause: new Error('no answer'),
    })
    await app.advance(seconds(3))
    expect(app.output('foreachRDD-1').elements[0]).toEqual(['a'])
  })

  test('with failures: record, attempts and pauses are recorded', async () => {
    const app = await started(failing(2), { failures: 'record' })
    app.input('clicks').add('a')
    await app.advance(seconds(4))
    expect(
      app.failures.map(({ timeMs, attempt, retryMs, error }) => [
        timeMs,
        attempt,
        retryMs,
        error.code,
      ]),
    ).toEqual([
      [1_000, 1, 2_000, 'USER_FUNCTION_FAILED'],
      [1_000, 2, 4_000, 'USER_FUNCTION_FAILED'],
    ])
    const output = app.output('foreachRDD-1')
    expect(
      output.runs.slice(0, 3).map(({ timeMs, attempt, error }) => [timeMs, attempt, error?.code]),
    ).toEqual([
      [1_000, 1, 'USER_FUNCTION_FAILED'],
      [1_000, 2, 'USER_FUNCTION_FAILED'],
      [1_000, 3, undefined],
    ])
    expect(output.batches[0]).toMatchObject({ timeMs: 1_000, attempt: 3, elements: ['a'] })
  })

  test('a batch fails for good after the last attempt', async () => {
    const retry = { for: seconds(1), attempts: 2 }
    const refuse = (): never => {
      throw new Error('no')
    }
    const pipeline = pipelineOf(
      (ssc) => ssc.kinesisTextStream('clicks').transform(refuse).print(),
      { retry },
    )
    const app = await testStream(pipeline, { now: new Date(0), failures: 'record' })
    await app.advance(minutes(1))
    expect(app.failures.map(({ attempt, retryMs }) => [attempt, retryMs])).toEqual([
      [1, 2_000],
      [2, undefined],
    ])
    expect(await app.status()).toBe('failed')
    expect(app.output('print-1').batches).toEqual([])
  })

  test('bad records are put aside', async () => {
    const app = await started((ssc) =>
      ssc
        .kinesisTextStream('clicks')
        .map((text) => JSON.parse(text) as unknown)
        .print(),
    )
    app.input('clicks').add('1', '{', Uint8Array.of(0xff), '2')
    await app.advance(seconds(1))
    expect(app.output('print-1').elements).toEqual([[1, 2]])
    expect(
      (await app.deadLetters()).map(({ source, operator, code, text }) => [
        source,
        operator,
        code,
        text,
      ]),
    ).toEqual([
      ['kinesisTextStream-1', 'map-1', 'USER_FUNCTION_FAILED', '{'],
      ['kinesisTextStream-1', undefined, 'LINE_NOT_UTF8', '\ufffd'],
    ])
  })
})

describe('unknown names and wrong data are refused', () => {
  const rows: readonly (readonly [
    name: string,
    ask: (app: TestStream) => unknown,
    allowed: string,
  ])[] = [
    ['an input', (app) => app.input('x'), 'in, clicks'],
    ['an output', (app) => app.output('print-2'), 'print-1'],
    ['a watched stream', (app) => app.stream('map-1'), 'clicks'],
    ['a state', async (app) => app.state('x'), 'nothing'],
    ['records for files', (app) => app.input('in').add('a'), 'addFile'],
    ['a file for a stream', (app) => app.input('clicks').addFile('a', ''), 'add()'],
    ['an object for text', (app) => app.input('clicks').add({ x: 1 }), 'texts'],
  ]
  test.each(rows)('%s', async (_, ask, allowed) => {
    const app = await started(
      (ssc) =>
        ssc
          .union(ssc.textFileStream('in'), ssc.kinesisTextStream('clicks').named('clicks'))
          .print(),
      {
        watch: ['clicks'],
      },
    )
    const asked = (async (): Promise<unknown> => ask(app))()
    await expect(asked).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      message: expect.stringContaining(allowed) as string,
    })
  })

  test('a stream to watch', async () => {
    const pipeline = pipelineOf((ssc) => ssc.textFileStream('in').print())
    await expect(testStream(pipeline, { watch: ['x'] })).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
    })
  })
})
