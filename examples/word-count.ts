import { parallelize, type RDD, seconds, stream } from 'millrace'

const add = (a: number, b: number) => a + b
const mostFrequent = async (counts: RDD<[string, number]>) =>
  parallelize((await counts.collect()).sort(([, a], [, b]) => b - a))

export default stream('word-count', { batchInterval: seconds(1) }, (ssc) => {
  const lines = ssc.textFileStream('lines', { existing: 'all' })
  const words = lines.flatMap(
    (line) => line.toLowerCase().match(/[\p{L}\p{M}\p{N}]+(['’]\p{L}+)*/gu) ?? [],
  )
  const ones = words.mapToPair((word) => [word, 1])
  ones.reduceByKey(add).transform(mostFrequent, { pure: true }).print()

  const totals = ones
    .updateStateByKey<number>((counts, total = 0) => counts.reduce(add, total))
    .named('totals')
  const ranking = totals.transform(mostFrequent, { pure: true })
  const shown = ranking.map(([word, total]) => `${word}: ${total} so far`)
  shown.print('totals', { onlyChanges: true })
})
