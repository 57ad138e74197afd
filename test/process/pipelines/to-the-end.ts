import { minutes, seconds, type State, StateSpec, stream } from 'millrace'

/** Says when a word has not come for half an hour. */
const ending = StateSpec.function((word: string, _: number | undefined, state: State<number>) => {
  if (state.isTimingOut()) return `${word} ended`
  state.update(1)
  return undefined
})

export default stream('to-the-end', { batchInterval: seconds(10) }, (ssc) => {
  const words = ssc.textFileStream('lines').map((line) => {
    if (line === 'bad') throw new Error('a bad word')
    return line
  })
  words.countByWindow(minutes(1), seconds(30)).print()
  words
    .mapToPair((word) => [word, 1])
    .mapWithState(ending.timeout(minutes(30)))
    .filter((text) => text !== undefined)
    .print()
})
