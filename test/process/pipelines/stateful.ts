import { milliseconds, minutes, seconds, StateSpec, stream } from 'millrace'

/** Totals of lines in two partitions, the same with a time-out, and a window. */
export default stream('stateful', { batchInterval: milliseconds(50) }, (ssc) => {
  const ones = ssc.textFileStream('lines', { existing: 'all' }).mapToPair((line) => [line, 1])
  ones
    .updateStateByKey<number>((counts, total = 0) => total + counts.length, { partitions: 2 })
    .named('totals')
    .foreachRDD(() => undefined)
  ones
    .mapWithState(
      StateSpec.function<string, number, { n: number }, number>((_, one = 0, state) => {
        const n = (state.getOption()?.n ?? 0) + one
        if (!state.isTimingOut()) state.update({ n })
        return n
      }).timeout(minutes(60)),
    )
    .named('visits')
    .foreachRDD(() => undefined)
  ones
    .reduceByKeyAndWindow((a, b) => a + b, seconds(60), seconds(1))
    .named('minute')
    .foreachRDD(() => undefined)
})
