/**
 * Cases of windows by event time, against Kafka Streams. The results of a kind are compared for
 * each batch, and where the case says so, how many of its records were late.
 */
import { type DStream, milliseconds, stream } from 'millrace'
import { testStream } from 'millrace/testing'
import { checkBatches, checkSame } from './compare.ts'
import type { Mode } from './pipeline.ts'
import type { Vector } from './vector.ts'

type Event = readonly [key: string, at: number, value: number]

const INPUT = 'events'

const windowsOf = (events: DStream<Event>, { params }: Vector) => {
  const { gapMs, sizeMs, slideMs, latenessMs } = params as Readonly<Record<string, number>>
  const timed = events
    .mapToPair(([key, at, value]) => [key, { at, value }])
    .withEventTime(
      ([, { at }]) => at,
      latenessMs === undefined || latenessMs === 0 ? {} : { lateness: milliseconds(latenessMs) },
    )
  return gapMs === undefined
    ? timed.window(milliseconds(Number(sizeMs)), milliseconds(Number(slideMs)))
    : timed.sessionWindow(milliseconds(gapMs))
}

const checkReduce = async (vector: Vector, { cold }: Mode): Promise<void> => {
  const { batchIntervalMs, inputBatches, expectedBatches = [], params, compare } = vector
  const batchInterval = milliseconds(batchIntervalMs)
  const pipeline = stream('conformance', { batchInterval, whenIdle: 'tick' }, (ssc) => {
    const events = ssc.kinesisTextStream(INPUT).map((text) => JSON.parse(text) as Event)
    const results = windowsOf(events, vector).combineByKey(
      ({ value }) => value,
      (sum, { value }) => sum + value,
      (a, b) => a + b,
      { early: params['results'] === 'early' },
    )
    results
      .filter(({ kind }) => kind === params['results'])
      .map(({ key, window, value }) => [key, window.start, window.end, value])
      .foreachRDD(() => undefined)
    results.late().foreachRDD(() => undefined)
  })
  const app = await testStream(pipeline, { now: new Date(0) })
  for (const batch of inputBatches) {
    app.input(INPUT).add(...(batch ?? []).map((event) => JSON.stringify(event)))
    await app.advance(batchInterval)
    if (cold) await app.restart()
  }
  const [given, late] = ['foreachRDD-1', 'foreachRDD-2'].map((id) =>
    app.output(id).batches.map(({ elements = [] }) => elements),
  )
  checkBatches(compare, expectedBatches, given ?? [])
  const expectedLate = vector['expectedLate'] as readonly number[] | undefined
  if (expectedLate !== undefined)
    checkSame(
      expectedLate,
      (late ?? []).map(({ length }) => length),
    )
}

/** The checks, by operation. */
export const eventTimeChecks = { 'eventTime.reduceByKey': checkReduce }
