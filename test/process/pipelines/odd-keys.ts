import { milliseconds, stream } from 'millrace'

const keys: Readonly<Record<string, unknown>> = {
  plain: 'plain',
  proto: '__proto__',
  constructor: 'constructor',
  array: ['a', 1],
  lone: '\ud800',
  other: '\ud801',
  empty: '',
}

/** Each line names a key. Prints the totals as JSON, because JSON escapes lone surrogates. */
export default stream('odd-keys', { batchInterval: milliseconds(50) }, (ssc) => {
  const pairs = ssc
    .textFileStream('lines', { existing: 'all' })
    .mapToPair((line) => [keys[line], 1])
  const totals = pairs
    .reduceByKey((a, b) => a + b)
    .updateStateByKey<number>((counts, total = 0) => counts.reduce((a, b) => a + b, total))
  totals.map((pair) => JSON.stringify(pair)).print(20)
})
