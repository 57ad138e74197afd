/**
 * What windows cost. A window of a day with batches of one second has 86,400 panes. Filling it
 * takes as many batches, so batches are run up to 3,000 panes. What a batch writes beyond them
 * grows with the list of panes alone: this list is made with 3,000 and with 86,400 panes, and the
 * difference of its bytes is added.
 */
import { type DStream, seconds } from 'millrace'
import { encode } from '../../lib/base/codec.ts'
import { sortableTime } from '../../lib/state/item-keys.ts'
import { SegmentList } from '../../lib/state/segment-list.ts'
import type { NameSegment, SegmentRef } from '../../lib/state/segments.ts'
import { packList } from '../../lib/state/stored-list.ts'
import { pipelineBed } from '../pipeline-bed.ts'
import { type CostProgram, type Measured, short } from './figure.ts'
import { bytesOf, countedBed, segmentsIn } from './store-bed.ts'

const DAY_PANES = 86_400
const KEYS = 10
/** A level is the mean of so many batches. Merges and pages that come now and then are in it. */
const SPAN = 500
const RUN_PANES = 3_000
const SMALL_PANES = 360

const add = (a: number, b: number): number => a + b
const ONE_OF_EACH = Array.from({ length: KEYS }, (_, n) => n)
const pairsOf = (numbers: DStream<number>): DStream<[string, number]> =>
  numbers.mapToPair((n) => [`key-${n}`, 1])

/**
 * Bytes of segments that a batch writes beside its pane, with 3,000 panes: manifests, the state of
 * the window, and pages of panes. The head and the note of the history are not in it, since they do
 * not depend on a window.
 */
const bytesRun = async (): Promise<number> => {
  const bed = countedBed<number>('day', (numbers) =>
    pairsOf(numbers)
      .reduceByKeyAndWindow(add, (a, b) => a - b, seconds(DAY_PANES), seconds(1))
      .foreachRDD(() => undefined),
  )
  let bytes = 0
  for (let batch = 1; batch <= RUN_PANES; batch++) {
    const puts = segmentsIn(await bed.run(ONE_OF_EACH)).filter(({ kind }) => kind === 'put')
    const panes = puts.filter(({ node }) => node.endsWith('/panes'))
    // The pane of the batch is the smallest: any other is a group of panes.
    if (batch > RUN_PANES - SPAN)
      bytes += bytesOf(puts) - Math.min(...panes.map((pane) => pane.bytes))
  }
  return bytes / SPAN
}

/** Bytes that the list of panes takes in each manifest, and in pages, with so many panes. */
const bytesOfList = (panes: number): number => {
  let [bytes, number] = [0, 0]
  const refOf = (size: number): SegmentRef => ({
    node: 'reduceByKeyAndWindow-1/panes',
    part: 0,
    at: sortableTime(1_700_000_000_000 + 1_000 * number++),
    by: '0f3a9c27b1d4',
    chunks: 1,
    bytes: size,
    checksum: 3_000_000_000,
  })
  const namePage: NameSegment = (page) => {
    bytes += page.byteLength
    return refOf(page.byteLength)
  }
  let list = SegmentList.empty().append(
    Array.from({ length: panes }, () => refOf(200)),
    namePage,
  )
  bytes = 0
  for (let batch = 0; batch < SPAN; batch++) {
    list = list.append([refOf(200)], namePage).dropFirst(1).list
    bytes += encode(packList(list.stored)).byteLength
  }
  return bytes / SPAN
}

/** The figure of a window of a day. */
export const windowOfADay: CostProgram = {
  figures: [
    {
      name: 'window-day-bytes',
      what: 'bytes written a batch beyond the pane itself, window of 86,400 panes',
      unit: 'bytes',
      target: 4_096,
    },
  ],
  async measure(): Promise<readonly Measured[]> {
    const run = await bytesRun()
    const grown = bytesOfList(DAY_PANES) - bytesOfList(RUN_PANES)
    const note =
      `${short(run)} bytes with ${short(RUN_PANES)} panes, and ${short(grown)} more for the list ` +
      `of ${short(DAY_PANES)}, before compression`
    return [{ value: run + grown, note }]
  },
}

/** The calls of the function of a window for each key and slide: the mean and the most. */
const reduceCalls = async (hasInverse: boolean): Promise<readonly [mean: number, most: number]> => {
  let calls = 0
  const counted = (a: number, b: number): number => {
    calls += 1
    return a + b
  }
  const inverse = (a: number, b: number): number => {
    calls += 1
    return a - b
  }
  const length = seconds(SMALL_PANES)
  const bed = pipelineBed<number>('window', (numbers) => {
    const pairs = pairsOf(numbers)
    const reduced = hasInverse
      ? pairs.reduceByKeyAndWindow(counted, inverse, length, seconds(1))
      : pairs.reduceByKeyAndWindow(counted, length, seconds(1))
    reduced.foreachRDD(async (rdd) => void (await rdd.count()))
  })
  for (let batch = 0; batch < SMALL_PANES; batch++) await bed.run(ONE_OF_EACH)
  let [total, most] = [0, 0]
  for (let batch = 0; batch < 2 * SMALL_PANES; batch++) {
    calls = 0
    await bed.run(ONE_OF_EACH)
    total += calls
    most = Math.max(most, calls)
  }
  return [total / (2 * SMALL_PANES * KEYS), most / KEYS]
}

/** The figures of the work of a slide. */
export const reduces: CostProgram = {
  figures: [
    {
      name: 'reduce-calls',
      what: 'most reduce calls for a key and slide, without an inverse',
      unit: 'count',
      target: 3,
    },
    {
      name: 'reduce-calls-inverse',
      what: 'the same, with an inverse',
      unit: 'count',
      target: 2,
    },
  ],
  measure: async (): Promise<readonly Measured[]> =>
    Promise.all(
      [false, true].map(async (hasInverse) => {
        const [mean, most] = await reduceCalls(hasInverse)
        return {
          value: most,
          note: `window of ${SMALL_PANES} panes; the mean is ${short(mean)}`,
        }
      }),
    ),
}
