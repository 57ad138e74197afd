/**
 * Clicks of visitors as events of one shard, the same in every run. A line has 100 bytes. Some
 * pages are visited much more often than others.
 */
import type { KinesisEvent } from '../../lib/runtime/sources/kinesis/event.ts'

/** The stream with the clicks. */
export const STREAM = 'arn:aws:kinesis:us-east-1:123456789012:stream/clicks'
const SHARD = 'shardId-000000000000'
const LINE_BYTES = 100
const PAGES = 200
const FIRST_SEQUENCE = 49_590_338_271_490_256_608n * 10n ** 36n
/** The upper bits of a sequence number of Kinesis are a count, the lower bits hold the second. */
const COUNT_BITS = 76n
const SECOND_BITS = 36n

/** Computes a number below 2^32 from another one. The mixer is of the SplitMix kind. */
const mixed = (n: number): number => {
  let x = (n + 0x9e3779b9) >>> 0
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return (x ^ (x >>> 16)) >>> 0
}

/** Page 0 is visited most often, the last page very rarely. */
const pageOf = (n: number): number => Math.floor(PAGES ** (mixed(n) / 2 ** 32)) - 1

/** The line of the n-th click. */
export const clickLine = (n: number, atMs: number): string => {
  const visitor = mixed(n + 1_000_003)
    .toString(16)
    .padStart(8, '0')
  const session = `${mixed(n + 7).toString(36)}${mixed(n + 11).toString(36)}`
  const at = new Date(atMs).toISOString()
  return `/pages/${pageOf(n)} visitor=${visitor} session=${session} at=${at} agent=`
    .padEnd(LINE_BYTES, 'Mozilla/5.0 ')
    .slice(0, LINE_BYTES)
}

/** A Lambda event with `count` clicks, starting with number `from`. */
export const clickEvent = (from: number, count: number, atMs: number): KinesisEvent => ({
  Records: Array.from({ length: count }, (_, index) => {
    const n = from + index
    const sequenceNumber = String(
      FIRST_SEQUENCE +
        (BigInt(n * 3 + (mixed(n) % 3)) << COUNT_BITS) +
        (BigInt(Math.floor(atMs / 1_000)) << SECOND_BITS),
    )
    return {
      eventID: `${SHARD}:${sequenceNumber}`,
      eventSourceARN: STREAM,
      kinesis: {
        partitionKey: String(mixed(n)),
        sequenceNumber,
        data: Buffer.from(clickLine(n, atMs)).toString('base64'),
        approximateArrivalTimestamp: atMs / 1_000,
      },
    }
  }),
})
