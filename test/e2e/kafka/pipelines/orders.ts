import { seconds, stream } from 'millrace'
import { kafkaRecords } from 'millrace/kafka'

const textOf = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString()

/** Saves each record with its place, and keeps a count for each word. */
export default stream('orders', { batchInterval: seconds(0.3) }, (ssc) => {
  const records = ssc.streamFrom(
    kafkaRecords('orders', { groupId: 'watched', decode: (record) => record }),
  )
  records
    .map(({ partition, offset, value }) => `${partition}:${offset}=${textOf(value)}`)
    .saveAsTextFiles('records')
  records
    .map(({ value }) => [textOf(value).split('-')[0] ?? '', 1] as const)
    .updateStateByKey<number>((ones, total = 0) => total + ones.length)
    .saveAsTextFiles('totals')
})
