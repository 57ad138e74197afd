import { linesOf, randomLine, type SimulatedPipeline } from './pipeline.ts'

const STREAM = 'clicks'

/**
 * Records with their bytes and keys, decoded by the user, into a sink of the user's own that
 * compares attempts.
 */
export const ownSink: SimulatedPipeline = {
  name: 'own-sink',
  streams: [STREAM],
  buckets: [],
  line: randomLine,
  describe(ssc, { sink }) {
    ssc
      .kinesisStream(STREAM, {
        decode: ({ data, partitionKey }) => `${partitionKey}|${Buffer.from(data).toString()}`,
      })
      .foreachRDD(async (rdd, time, attempt) => {
        const lines = await rdd.collect()
        await sink(`sink-${time.milliseconds}`, lines.map((line) => `${line}\n`).join(''), attempt)
      })
  },
  outputs: (batch) => ({
    sink: linesOf(batch, [STREAM])
      .map((line) => `${line.split(' ')[0]}|${line}\n`)
      .join(''),
  }),
}
