import { type Pipeline, readObjects, seconds, stream } from 'millrace'
import { testStream } from 'millrace/testing'
import { expect, test } from 'vitest'

const writing = (describeOutput: 'stream' | 'RDD'): Pipeline =>
  stream('writing', { batchInterval: seconds(1), whenIdle: 'tick' }, (ssc) => {
    const counts = ssc
      .kinesisTextStream('in')
      .mapToPair((word) => [new Date(Number(word)), BigInt(word)])
    if (describeOutput === 'stream') counts.saveAsObjectFiles('results/counts', 'json')
    else
      counts.foreachRDD((rdd, { milliseconds }) =>
        rdd.saveAsObjectFile(`results/counts-${milliseconds}.json`),
      )
  })

const reading = stream('reading', { batchInterval: seconds(1) }, (ssc) =>
  ssc.fileStream<[Date, bigint]>('results/*', { read: readObjects }).foreachRDD(() => undefined),
)

test.each(['stream', 'RDD'] as const)('a %s is read as it was written', async (kind) => {
  const writer = await testStream(writing(kind), { now: new Date(0) })
  writer.input('in').add('1', '2')
  await writer.advance(seconds(1))
  writer.input('in').add('3')
  await writer.advance(seconds(2))
  // The last batch is empty: a directory without parts.
  expect(Object.keys(writer.files)).toEqual(
    [1_000, 2_000].map((timeMs) => `results/counts-${timeMs}.json/part-00000`),
  )

  const reader = await testStream(reading, { now: new Date(0) })
  for (const [path, content] of Object.entries(writer.files))
    reader.input('results/*').addFile(path.slice('results/'.length), content)
  await reader.advance(seconds(1))
  expect(reader.output('foreachRDD-1').elements).toEqual([
    [
      [new Date(1), 1n],
      [new Date(2), 2n],
      [new Date(3), 3n],
    ],
  ])
})

test('a record that gives an element which cannot be stored is put aside', async () => {
  const pipeline = stream('writing', { batchInterval: seconds(1) }, (ssc) =>
    ssc
      .kinesisTextStream('in')
      .map((word) => (word === 'bad' ? () => word : word))
      .saveAsObjectFiles('out'),
  )
  const app = await testStream(pipeline)
  app.input('in').add('a', 'bad', 'b')
  await app.advance(seconds(1))
  expect(Object.values(app.output('saveAsObjectFiles-1').runs[0]?.files ?? {})).toEqual([
    '"a"\n"b"\n',
  ])
  expect(await app.deadLetters()).toMatchObject([
    { text: 'bad', code: 'VALUE_UNSUPPORTED', operator: 'saveAsObjectFiles-1' },
  ])
})
