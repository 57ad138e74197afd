import { seconds, stream, type KinesisRecord, type StreamingContext } from 'millrace'
import { describe, expect, test } from 'vitest'
import { type Plan } from '../../../lib/dstream/plan.ts'
import { pipelineOf, START_MS, World } from '../runtime/harness.ts'

const planOf = (describePipeline: (ssc: StreamingContext) => void): Plan =>
  stream('app', { batchInterval: seconds(1) }, describePipeline).build()

const recordOf = (text: string, sequence: number): KinesisRecord => ({
  data: Buffer.from(text),
  partitionKey: 'key',
  sequenceNumber: String(sequence),
  subSequenceNumber: 0,
  arrivalTime: new Date(START_MS),
})

describe('the plan', () => {
  test('the hash contains the name of a stream, but not its start', () => {
    const at = planOf((ssc) =>
      ssc.kinesisTextStream('clicks', { startFrom: { at: new Date(0) } }).print(),
    )
    const oldest = planOf((ssc) => ssc.kinesisTextStream('clicks').print())
    const other = planOf((ssc) => ssc.kinesisTextStream('views').print())
    expect(at.hash).toBe(oldest.hash)
    expect(other.hash).not.toBe(oldest.hash)
    expect(at.sources[0]?.node.source).toMatchObject({
      kind: 'kinesis',
      name: 'clicks',
      elements: 'text',
      settings: { startMs: 0 },
    })
  })

  test('a decoder is a step of the source stage', () => {
    const plan = planOf((ssc) =>
      ssc.kinesisStream('clicks', { decode: ({ data }) => data.length }).print(),
    )
    expect(plan.sources[0]?.node.source).toMatchObject({
      elements: 'Kinesis records',
      settings: { startMs: null },
    })
    expect(plan.intakeStages).toEqual([{ source: 'kinesisStream-1', nodes: ['decode-1'] }])
  })
})

describe('records', () => {
  test('without a decoder are given unchanged, with their bytes', async () => {
    const world = new World()
    const seen: KinesisRecord[] = []
    const pipeline = pipelineOf((ssc) =>
      ssc
        .kinesisStream('clicks')
        .foreachRDD(async (rdd) => void seen.push(...(await rdd.collect()))),
    )
    const app = world.deploy(pipeline, { bind: 'lanes' })
    await app.append('kinesisStream-1', 1, [recordOf('a', 7)])
    await app.tick()
    expect(seen).toEqual([recordOf('a', 7)])
  })

  test('on which the decoder throws become dead letters with their position', async () => {
    const world = new World()
    const seen: unknown[] = []
    const decode = ({ data }: KinesisRecord): unknown =>
      JSON.parse(Buffer.from(data).toString('utf8')) as unknown
    const pipeline = pipelineOf((ssc) =>
      ssc
        .kinesisStream('clicks', { decode })
        .foreachRDD(async (rdd) => void seen.push(...(await rdd.collect()))),
    )
    const app = world.deploy(pipeline, { bind: 'lanes' })
    await app.append('kinesisStream-1', 1, [
      recordOf('{"n":1}', 7),
      recordOf('no json', 8),
      recordOf('[2]', 9),
    ])
    await app.tick()
    expect(seen).toEqual([{ n: 1 }, [2]])
    expect(await world.deadLetters()).toMatchObject([
      ['kinesisStream-1#0#2#decode-1', 'USER_FUNCTION_FAILED', expect.stringContaining('')],
    ])
  })
})
