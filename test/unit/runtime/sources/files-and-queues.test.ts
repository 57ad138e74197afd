import { parallelize, seconds, stream, type StreamingContext } from 'millrace'
import { testStream, type TestStream } from 'millrace/testing'
import { describe, expect, test } from 'vitest'

const started = async (describe: (ssc: StreamingContext) => void): Promise<TestStream> =>
  testStream(stream('app', { batchInterval: seconds(1) }, describe), {
    now: new Date(0),
    whenIdle: 'tick',
  })

const elements = (app: TestStream): readonly unknown[] => app.output('print-1').elements

describe('fileStream', () => {
  test('takes files that pass the filter, as lines or as the function reads them', async () => {
    const app = await started((ssc) => {
      const json = ssc.fileStream('in', {
        filter: (path) => path.endsWith('.json'),
        read: (bytes) => JSON.parse(Buffer.from(bytes).toString()) as number[],
      })
      json.map((n) => n + 1).print()
      ssc.fileStream('in', { filter: (path) => path.endsWith('.txt') }).print()
    })
    app.input('in').addFile('a.json', '[1,2]').addFile('b.txt', 'x\ny\n').addFile('c.md', 'z')
    await app.advance(seconds(1))
    expect([elements(app), app.output('print-2').elements]).toEqual([[[2, 3]], [['x', 'y']]])
  })

  test('puts the whole file aside on which the function throws', async () => {
    const app = await started((ssc) =>
      ssc
        .fileStream('in', {
          read: (bytes) => JSON.parse(Buffer.from(bytes).toString()) as number[],
        })
        .map((n) => {
          if (n === 2) throw new Error('two')
          return n
        })
        .print(),
    )
    app.input('in').addFile('bad', '{').addFile('good', '[1,2,3]')
    await app.advance(seconds(1))
    expect(elements(app)).toEqual([[1, 3]])
    expect((await app.deadLetters()).map(({ position, code }) => [position, code])).toEqual([
      ['bad', 'USER_FUNCTION_FAILED'],
      ['good#2', 'USER_FUNCTION_FAILED'],
    ])
  })

  test.each<readonly [string, (ssc: StreamingContext) => unknown]>([
    ['no name', (ssc) => ssc.fileStream('')],
    [
      'a filter that is not a function',
      (ssc) => ssc.fileStream('in', { filter: '*.txt' as never }),
    ],
    ['another choice', (ssc) => ssc.fileStream('in', { existing: 'some' as never })],
    ['records of length 0', (ssc) => ssc.binaryRecordsStream('in', 0)],
    ['records of half a byte', (ssc) => ssc.binaryRecordsStream('in', 0.5)],
  ])('refuses %s', async (_, describe) => {
    await expect(started(describe)).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
  })
})

test('binaryRecordsStream splits files, and puts aside one with a partial record', async () => {
  const app = await started((ssc) =>
    ssc
      .binaryRecordsStream('in', 2)
      .map((record) => [...record])
      .print(),
  )
  app
    .input('in')
    .addFile('a', Uint8Array.of(1, 2, 3, 4))
    .addFile('b', Uint8Array.of(5, 6, 7))
    .addFile('c', new Uint8Array())
  await app.advance(seconds(1))
  expect(elements(app)).toEqual([
    [
      [1, 2],
      [3, 4],
    ],
  ])
  expect((await app.deadLetters()).map(({ position, code }) => [position, code])).toEqual([
    ['b', 'RECORDS_UNEVEN'],
  ])
})

describe('queueStream', () => {
  test.each([
    ['one at a time', true, [[1, 2], [3], [0], [0]]],
    ['all at once', false, [[1, 2, 3], [0], [0], [0]]],
  ] as const)('%s, and then the RDD for an empty queue', async (_, oneAtATime, expected) => {
    const app = await started((ssc) =>
      ssc.queueStream([[1, 2], parallelize([3])], { oneAtATime, whenEmpty: [0] }).print(),
    )
    await app.advance(seconds(4))
    expect(elements(app)).toEqual(expected)
  })

  test('with an RDD for an empty queue never rests', async () => {
    const pipeline = stream('app', { batchInterval: seconds(1) }, (ssc) =>
      ssc.queueStream<number>([], { whenEmpty: parallelize([1], { partitions: 2 }) }).print(),
    )
    const app = await testStream(pipeline)
    await app.advance(seconds(3))
    expect(app.output('print-1').batches.map(({ partitions }) => partitions)).toEqual([
      [[], [1]],
      [[], [1]],
      [[], [1]],
    ])
  })
})
