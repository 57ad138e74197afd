import type { Receiver } from '../../ports/receiver.ts'
import { systemClock } from './system-clock.ts'

const WORDS =
  'the mill grinds grain when the river runs and the wheel turns the stone while the miller ' +
  'counts sacks of flour and rye for the market in the town below'
const LINE_WORDS_MAX = 8
const LINES_AT_ONCE_MAX = 3
const EVERY_MS = 200
/** With `--once`, the made-up input ends after this many deliveries. */
const DELIVERIES_UNTIL_END = 10

const words = WORDS.split(' ')
const upTo = (most: number): number => 1 + Math.floor(Math.random() * most)
const word = (): string => words[upTo(words.length) - 1] as string
const line = (): string => Array.from({ length: upTo(LINE_WORDS_MAX) }, word).join(' ')

/** A {@link Receiver} of lines that it makes up: some each fifth of a second. */
export const demoReceiver = (): Receiver => ({
  description: 'made-up lines',
  async run(sink, { signal, untilEnd }) {
    const clock = systemClock()
    for (let count = 0; !signal.aborted; count++) {
      if (untilEnd && count === DELIVERIES_UNTIL_END) return
      const records = Array.from({ length: upTo(LINES_AT_ONCE_MAX) }, line)
      await sink.store({ records, rejected: [] })
      if (!untilEnd) await clock.sleep(EVERY_MS, signal)
    }
  },
})
