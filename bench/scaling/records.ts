/**
 * The records of a stream with many shards: lines of words, the same in every run. A line has at
 * most 100 bytes and words of two to six letters, with frequent and rare ones.
 */
import type { KinesisEvent } from '../../lib/runtime/sources/kinesis/event.ts'
import { mixed } from '../costs/draw.ts'
import { COUNT_BITS, FIRST_SEQUENCE, shardEventOf } from '../shard-event.ts'
import { wordLines } from '../word-lines.ts'

/** The most bytes of a record. */
export const LINE_BYTES = 100
/** So many different lines come again and again. Each shard begins elsewhere. */
const LINES = 20_000
const SHARD_STRIDE = 7_919
/** The bits of a sequence number below its count hold the second. */
const SECOND_BITS = 36n

/** A line as it is in an event, and the number of words before it. */
interface Lines {
  readonly base64: readonly string[]
  readonly wordsBefore: readonly number[]
}

const makeLines = (): Lines => {
  const base64: string[] = []
  const wordsBefore = [0]
  const source = wordLines()
  let waiting: string[] = []
  while (base64.length < LINES) {
    const words: string[] = []
    for (let bytes = 0; ;) {
      if (waiting.length === 0) waiting = source.next().value.split(' ')
      const [next = ''] = waiting
      bytes += next.length + (words.length === 0 ? 0 : 1)
      if (bytes > LINE_BYTES) break
      words.push(next)
      waiting.shift()
    }
    base64.push(Buffer.from(words.join(' ')).toString('base64'))
    wordsBefore.push((wordsBefore.at(-1) ?? 0) + words.length)
  }
  return { base64, wordsBefore }
}

let made: Lines | undefined
const linesOf = (): Lines => (made ??= makeLines())

const indexOf = (shard: number, n: number): number => (shard * SHARD_STRIDE + n) % LINES

/** How many words the first records of a shard have. */
export const wordsIn = (shard: number, count: number): number => {
  const { wordsBefore } = linesOf()
  const before = (n: number): number =>
    Math.floor(n / LINES) * (wordsBefore[LINES] ?? 0) + (wordsBefore[n % LINES] ?? 0)
  const first = indexOf(shard, 0)
  return before(first + count) - before(first)
}

/** The sequence number of the n-th record of a shard. */
export const sequenceNumberOf = (n: number, atMs: number): string =>
  String(
    FIRST_SEQUENCE +
      (BigInt(n * 3 + (mixed(n) % 3)) << COUNT_BITS) +
      (BigInt(Math.floor(atMs / 1_000)) << SECOND_BITS),
  )

/** An event with neighbouring records of a shard. `atMs`: when a record arrived. */
export const shardEvent = (
  shard: number,
  { from, count, atMs }: { from: number; count: number; atMs: (n: number) => number },
): KinesisEvent => {
  const { base64 } = linesOf()
  return shardEventOf(shard, count, (index) => {
    const n = from + index
    return {
      sequenceNumber: sequenceNumberOf(n, atMs(n)),
      partitionKey: String(mixed(n)),
      data: base64[indexOf(shard, n)] ?? '',
      atMs: atMs(n),
    }
  })
}
