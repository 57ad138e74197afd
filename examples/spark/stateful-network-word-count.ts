// Counts all words that a socket has ever sent, from two that are known before. Gives the total of
// each word as it comes. Spark: StatefulNetworkWordCount.
import { seconds, type State, StateSpec, stream } from 'millrace'

const count = (word: string, one: number | undefined, state: State<number>): [string, number] => {
  const total = (state.getOption() ?? 0) + (one ?? 0)
  state.update(total)
  return [word, total]
}

export default stream('stateful-network-word-count', { batchInterval: seconds(1) }, (ssc) => {
  ssc
    .socketTextStream('localhost', 9999)
    .flatMap((line) => line.split(' '))
    .mapToPair((word) => [word, 1])
    .mapWithState(
      StateSpec.function(count, {
        initialState: [
          ['hello', 1],
          ['world', 1],
        ],
      }),
    )
    .print()
})
