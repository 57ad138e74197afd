/** Decoding of records by formats, through the runtime. */
import { type DStream, seconds, stream, type StreamingContext } from 'millrace'
import { json, type RecordFormat } from 'millrace/formats'
import { testStream, type TestStream, type TestStreamOptions } from 'millrace/testing'
import { describe, expect, test } from 'vitest'

interface Click {
  readonly page: string
}

const started = async (
  describePipeline: (ssc: StreamingContext) => DStream<unknown>,
  options: TestStreamOptions = {},
): Promise<TestStream> =>
  testStream(
    stream('app', { batchInterval: seconds(1) }, (ssc) => describePipeline(ssc).print()),
    { now: new Date(0), ...options },
  )

describe('decode', () => {
  const rows: readonly {
    readonly name: string
    readonly describe: (ssc: StreamingContext) => DStream<unknown>
    readonly add: (app: TestStream) => void
  }[] = [
    {
      name: 'lines of a text stream',
      describe: (ssc) => ssc.socketTextStream('localhost', 1).decode(json<Click>()),
      add: (app) => void app.input('localhost:1').add('{"page":"a"}', 'page', '{"page":"b"}'),
    },
    {
      name: 'records of a stream',
      describe: (ssc) => ssc.kinesisStream('clicks').decode(json<Click>()),
      add: (app) => void app.input('clicks').add('{"page":"a"}', 'page', '{"page":"b"}'),
    },
    {
      name: 'bytes',
      describe: (ssc) =>
        ssc
          .kinesisStream('clicks')
          .map(({ data }) => data)
          .decode(json<Click>()),
      add: (app) => void app.input('clicks').add('{"page":"a"}', 'page', '{"page":"b"}'),
    },
  ]
  test.each(rows)('makes elements of $name, and puts aside what does not fit', async (row) => {
    const app = await started(row.describe)
    row.add(app)
    await app.advance(seconds(1))
    expect(app.output('print-1').elements).toEqual([[{ page: 'a' }, { page: 'b' }]])
    expect(await app.deadLetters()).toMatchObject([
      { code: 'RECORD_UNREADABLE', operator: 'decode-1' },
    ])
  })

  test('the dead letter holds the raw record, and says what is wrong with it', async () => {
    const app = await started((ssc) => ssc.socketTextStream('localhost', 1).decode(json()))
    app.input('localhost:1').add('1', '{"page":}')
    await app.advance(seconds(1))
    const [letter] = await app.deadLetters()
    expect(letter?.text).toBe('{"page":}')
    expect(letter?.message).toMatch(/A record is not JSON \[RECORD_UNREADABLE\].*because: .*token/s)
  })

  test('a format loads what it needs before its first record', async () => {
    let loaded = 0
    const format: RecordFormat<number> = {
      name: 'loaded',
      settings: {},
      prepare: async () => {
        await Promise.resolve()
        loaded += 1
      },
      decode: () => loaded,
    }
    const app = await started((ssc) => ssc.socketTextStream('localhost', 1).decode(format))
    app.input('localhost:1').add('a')
    await app.advance(seconds(1))
    expect(app.output('print-1').elements).toEqual([[1]])
  })

  test('settings of a format are part of the plan', () => {
    const hashOf = (format: RecordFormat<unknown>): string =>
      stream('app', { batchInterval: seconds(1) }, (ssc) =>
        ssc.kinesisTextStream('clicks').decode(format).print(),
      ).build().hash
    expect(hashOf(json())).toBe(hashOf(json()))
    expect(hashOf(json({ bigints: true }))).not.toBe(hashOf(json()))
  })

  test.each([undefined, json, {}])('refuses what is no format: %o', (format) =>
    expect(() =>
      stream('app', { batchInterval: seconds(1) }, (ssc) =>
        ssc
          .textFileStream('in')
          .decode(format as never)
          .print(),
      ).build(),
    ).toThrow(/decode\(\) needs a format of records/),
  )
})
