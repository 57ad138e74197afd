import { linesOf, pairsText, type SimulatedPipeline } from './pipeline.ts'

const STREAM = 'clicks'
const KEYS = 5

/** The records of a key have numbers from 1 on. The state must see them in order, each once. */
export const keyOrder: SimulatedPipeline = {
  name: 'key-order',
  streams: [STREAM],
  buckets: [],
  line: (_, n) => `k${n % KEYS} ${Math.floor(n / KEYS) + 1}`,
  describe(ssc, { maybeThrow }) {
    ssc
      .kinesisTextStream(STREAM)
      .mapToPair((line): [string, number] => [
        line.split(' ')[0] as string,
        Number(line.split(' ')[1]),
      ])
      .updateStateByKey<number | string>((numbers, last = 0) => {
        maybeThrow()
        let now = last
        for (const number of numbers)
          now = typeof now === 'number' && number > now ? number : `${now}, then ${number}`
        // A function owns the array that it gets, and may change it.
        ;(numbers as number[]).length = 0
        return now
      })
      .saveAsTextFiles('last')
  },
  outputs(_, history) {
    const last = new Map<string, number>()
    for (const line of history.flatMap((batch) => linesOf(batch, [STREAM]))) {
      const [key = '', number] = line.split(' ')
      last.set(key, Math.max(last.get(key) ?? 0, Number(number)))
    }
    return { last: pairsText(last) }
  },
}
