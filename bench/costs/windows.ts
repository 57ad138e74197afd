/**
 * What windows cost. A window of a day with batches of one second has 86,400 panes. Filling it
 * takes as many batches, so it is measured at two fill levels, and what grows from the first to the
 * second is continued in a straight line.
 */
import { type DStream, seconds } from 'millrace'
import { pipelineBed } from '../pipeline-bed.ts'
import { type CostProgram, type Measured, short } from './figure.ts'
import { bytesOf, countedBed, segmentsIn } from './store-bed.ts'

const DAY_PANES = 86_400
const KEYS = 10
/** A level is the mean of so many batches. Merges that come now and then are in it. */
const SPAN = 500
const LEVELS: readonly [first: number, second: number] = [1_000, 3_000]
const SMALL_PANES = 360

const add = (a: number, b: number): number => a + b
const ONE_OF_EACH = Array.from({ length: KEYS }, (_, n) => n)
const pairsOf = (numbers: DStream<number>): DStream<[string, number]> =>
  numbers.mapToPair((n) => [`key-${n}`, 1])

/**
 * Bytes of segments that a batch writes beside its pane, at both levels: manifests, the state of
 * the window, and panes that are grouped. The head and the note of the history are not in it, since
 * they do not depend on a window.
 */
const bytesAtLevels = async (): Promise<readonly number[]> => {
  const bed = countedBed<number>('day', (numbers) =>
    pairsOf(numbers)
      .reduceByKeyAndWindow(add, (a, b) => a - b, seconds(DAY_PANES), seconds(1))
      .foreachRDD(() => undefined),
  )
  const levels: number[] = []
  let bytes = 0
  for (let batch = 1; batch <= LEVELS[1]; batch++) {
    const puts = segmentsIn(await bed.run(ONE_OF_EACH)).filter(({ kind }) => kind === 'put')
    const panes = puts.filter(({ node }) => node.endsWith('/panes'))
    // The pane of the batch is the smallest: any other is a group of panes.
    bytes += bytesOf(puts) - Math.min(...panes.map((pane) => pane.bytes))
    if (batch % SPAN !== 0) continue
    if (LEVELS.includes(batch)) levels.push(bytes / SPAN)
    bytes = 0
  }
  return levels
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
    const [first = 0, second = 0] = await bytesAtLevels()
    const growth = (second - first) / (LEVELS[1] - LEVELS[0])
    const atDay = second + Math.max(0, growth) * (DAY_PANES - LEVELS[1])
    const note =
      `${short(first)} bytes with ${short(LEVELS[0])} panes, ${short(second)} with ` +
      `${short(LEVELS[1])}, continued in a straight line to ${short(DAY_PANES)}`
    return [{ value: atDay, note }]
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
