import { type DStream, type Duration, milliseconds, seconds, stream } from 'millrace'
import { describe, expect, test } from 'vitest'
import { beginOf, isDue, isHeld } from '../../../lib/dstream/window-span.ts'

type Pairs = DStream<[string, number]>

const built = (describe: (pairs: Pairs) => DStream<unknown>) =>
  stream('app', { batchInterval: seconds(1) }, (ssc) => {
    describe(ssc.socketTextStream('lines', 1).mapToPair((line) => [line, 1])).print()
  }).build()

const add = (a: number, b: number): number => a + b
const any = <T>(value: unknown): T => value as T

/** Every windowed operation, with a given length and slide. */
const windowed: Readonly<
  Record<string, (pairs: Pairs, length: Duration, slide?: Duration) => DStream<unknown>>
> = {
  window: (pairs, length, slide) => pairs.window(length, slide),
  countByWindow: (pairs, length, slide) => pairs.countByWindow(length, slide),
  countByValueAndWindow: (pairs, length, slide) => pairs.countByValueAndWindow(length, slide),
  reduceByWindow: (pairs, length, slide) => pairs.reduceByWindow((a) => a, length, slide),
  'reduceByWindow with an inverse': (pairs, length, slide) =>
    pairs.reduceByWindow(
      (a) => a,
      (a) => a,
      length,
      slide,
    ),
  reduceByKeyAndWindow: (pairs, length, slide) => pairs.reduceByKeyAndWindow(add, length, slide),
  'reduceByKeyAndWindow with an inverse': (pairs, length, slide) =>
    pairs.reduceByKeyAndWindow(add, add, length, slide),
  groupByKeyAndWindow: (pairs, length, slide) => pairs.groupByKeyAndWindow(length, slide),
}

describe.each(Object.entries(windowed))('%s', (_, operation) => {
  test.each<[string, (pairs: Pairs) => DStream<unknown>, RegExp]>([
    [
      'a length of one and a half batches',
      (pairs) => operation(pairs, milliseconds(1_500)),
      /needs a length that is a multiple/,
    ],
    [
      'a slide of one and a half batches',
      (pairs) => operation(pairs, seconds(3), milliseconds(1_500)),
      /needs a slide that is a multiple/,
    ],
    [
      'a length shorter than the slide of the window before it',
      (pairs) => operation(pairs.window(seconds(4), seconds(4)), seconds(2)),
      /every 4000 ms/,
    ],
    ['a bare number', (pairs) => operation(pairs, any(3_000)), /length must be a duration/],
    ['no length', (pairs) => operation(pairs, any(undefined)), /length must be a duration/],
    [
      'a bare number as slide',
      (pairs) => operation(pairs, seconds(3), any(3_000)),
      /slide must be a duration/,
    ],
  ])('refuses %s', (__, describePipeline, message) => {
    expect(() => built(describePipeline)).toThrow(
      expect.objectContaining({
        code: 'ARGUMENT_INVALID',
        message: expect.stringMatching(message) as string,
      }),
    )
  })

  test('has its own slide, or that of its stream, and passes it on', () => {
    const slides: number[] = []
    const slideOf = (one: DStream<unknown>): void =>
      void slides.push(one.map((x) => x).slideDuration.milliseconds)
    built((pairs) => {
      slideOf(operation(pairs, seconds(6)))
      slideOf(operation(pairs, seconds(6), seconds(3)))
      slideOf(operation(pairs.window(seconds(2), seconds(2)), seconds(6)))
      return pairs
    })
    expect(slides).toEqual([1_000, 3_000, 2_000])
  })

  test('makes a plan with another hash for another length or slide', () => {
    const hashes = [
      built((pairs) => operation(pairs, seconds(6), seconds(2))),
      built((pairs) => operation(pairs, seconds(6), seconds(3))),
      built((pairs) => operation(pairs, seconds(4), seconds(2))),
    ].map(({ hash }) => hash)
    expect(new Set(hashes).size).toBe(3)
  })
})

test.each<[string, (pairs: Pairs) => DStream<unknown>]>([
  ['union', (pairs) => pairs.union(pairs.window(seconds(2), seconds(2)))],
  [
    'transformWith',
    (pairs) => pairs.transformWith(pairs.window(seconds(2), seconds(2)), (rdd) => rdd),
  ],
  ['cogroup', (pairs) => pairs.cogroup(pairs.window(seconds(2), seconds(2)))],
  ['join', (pairs) => pairs.window(seconds(2), seconds(2)).join(pairs)],
  ['leftOuterJoin', (pairs) => pairs.leftOuterJoin(pairs.window(seconds(2), seconds(2)))],
  ['rightOuterJoin', (pairs) => pairs.rightOuterJoin(pairs.window(seconds(2), seconds(2)))],
  ['fullOuterJoin', (pairs) => pairs.fullOuterJoin(pairs.window(seconds(2), seconds(2)))],
])('%s refuses streams with other slides', (_, describePipeline) => {
  expect(() => built(describePipeline)).toThrow(/at the same times/)
})

describe('a span', () => {
  test.each([
    {
      span: { paneMs: 1, lengthMs: 3, slideMs: 1 },
      due: [1, 2, 3, 4, 5, 6],
      held: [1, 2, 3, 4, 5, 6],
    },
    { span: { paneMs: 1, lengthMs: 3, slideMs: 3 }, due: [3, 6], held: [1, 2, 3, 4, 5, 6] },
    { span: { paneMs: 1, lengthMs: 1, slideMs: 3 }, due: [3, 6], held: [3, 6] },
    { span: { paneMs: 2, lengthMs: 2, slideMs: 6 }, due: [6], held: [6] },
    { span: { paneMs: 2, lengthMs: 4, slideMs: 6 }, due: [6], held: [4, 6] },
  ])('$span is due at $due and holds $held', ({ span, due, held }) => {
    const times = [1, 2, 3, 4, 5, 6]
      .filter((time) => time % span.paneMs === 0)
      .map((time) => ({ timeMs: 100 + time, zeroMs: 100 }))
    expect(times.filter((at) => isDue(span, at)).map(({ timeMs }) => timeMs - 100)).toEqual(due)
    expect(times.filter((at) => isHeld(span, at)).map(({ timeMs }) => timeMs - 100)).toEqual(held)
  })

  test('begins one pane after the time that is one length before its end', () => {
    expect(beginOf({ paneMs: 2, lengthMs: 6, slideMs: 2 }, { timeMs: 100, zeroMs: 0 })).toBe(96)
  })
})
