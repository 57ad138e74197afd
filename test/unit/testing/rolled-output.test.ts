import { minutes, seconds, stream } from 'millrace'
import { testStream } from 'millrace/testing'
import { expect, test } from 'vitest'

const pipeline = stream('archive', { batchInterval: seconds(10) }, (ssc) => {
  ssc.kinesisTextStream('lines').saveAsTextFiles('out', { every: minutes(1) })
})

test('an output that collects batches has a file in the batch that writes it', async () => {
  const app = await testStream(pipeline)
  for (const line of ['a', 'b']) {
    app.input('lines').add(line)
    await app.advance(seconds(10))
    await app.restart()
  }
  const output = app.output('saveAsTextFiles-1')
  expect(output.batches.filter(({ files }) => Object.keys(files).length > 0)).toEqual([])
  await app.advance(minutes(1))
  const [written] = output.batches.filter(({ files }) => Object.keys(files).length > 0)
  expect(Object.values(written?.files ?? {})).toEqual(['a\nb\n'])
  expect((written?.timeMs ?? 1) % 60_000).toBe(0)
})
