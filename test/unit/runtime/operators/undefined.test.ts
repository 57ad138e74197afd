/** undefined is a legal key and value: the missing side of an outer join is one. */
import { type DStream, seconds, type State, StateSpec, stream } from 'millrace'
import { testStream, type TestStream } from 'millrace/testing'
import { expect, test } from 'vitest'

type Word = string | undefined
type Pairs = DStream<[Word, number]>

/** The word "-" is undefined. */
const started = async (
  of: (words: DStream<Word>, pairs: Pairs) => DStream<unknown>,
): Promise<TestStream> =>
  testStream(
    stream('p', { batchInterval: seconds(1), whenIdle: 'tick' }, (ssc) => {
      const words = ssc.kinesisTextStream('in').map((word) => (word === '-' ? undefined : word))
      of(
        words,
        words.mapToPair((word) => [word, 1]),
      ).print()
    }),
  )

const sum = (a: number, b: number): number => a + b
const ofEach = (a: unknown, b: unknown): unknown => [
  ['a', a],
  [undefined, b],
]

test.each<[string, (words: DStream<Word>, pairs: Pairs) => DStream<unknown>, unknown]>([
  ['reduceByKey', (_, pairs) => pairs.reduceByKey(sum), [ofEach(1, 2), ofEach(1, 1)]],
  [
    'two partitions',
    (_, pairs) => pairs.reduceByKey(sum, { partitions: 2 }).reduceByKey(sum),
    [ofEach(1, 2), ofEach(1, 1)],
  ],
  ['groupByKey', (_, pairs) => pairs.groupByKey(), [ofEach([1], [1, 1]), ofEach([1], [1])]],
  ['countByValue', (words) => words.countByValue(), [ofEach(1, 2), ofEach(1, 1)]],
  [
    'distinct',
    (words) => words.transform((rdd) => rdd.distinct()),
    [
      ['a', undefined],
      ['a', undefined],
    ],
  ],
  [
    'cogroup',
    (_, pairs) => pairs.cogroup(pairs),
    [
      ofEach(
        [[1], [1]],
        [
          [1, 1],
          [1, 1],
        ],
      ),
      ofEach([[1], [1]], [[1], [1]]),
    ],
  ],
  [
    'updateStateByKey',
    (_, pairs) => pairs.updateStateByKey<number>((ones, total = 0) => total + ones.length),
    [ofEach(1, 2), ofEach(2, 3)],
  ],
  [
    'countByValueAndWindow',
    (words) => words.countByValueAndWindow(seconds(2)),
    [ofEach(1, 2), ofEach(2, 3)],
  ],
  [
    'reduceByKeyAndWindow',
    (_, pairs) => pairs.reduceByKeyAndWindow(sum, seconds(2)),
    [ofEach(1, 2), ofEach(2, 3)],
  ],
  [
    'groupByKeyAndWindow',
    (_, pairs) => pairs.groupByKeyAndWindow(seconds(2)),
    [ofEach([1], [1, 1]), ofEach([1, 1], [1, 1, 1])],
  ],
  [
    'mapWithState',
    (_, pairs) =>
      pairs.mapWithState(
        StateSpec.function((key: Word, _one: number | undefined, state: State<number>) => {
          state.update((state.getOption() ?? 0) + 1)
          return [key, state.get()]
        }).timeout(seconds(60)),
      ),
    [
      [
        [undefined, 1],
        ['a', 1],
        [undefined, 2],
      ],
      [
        [undefined, 3],
        ['a', 2],
      ],
    ],
  ],
  [
    'a value in a state',
    (_, pairs) =>
      pairs
        .fullOuterJoin(pairs.filter(([word]) => word === 'a'))
        .updateStateByKey<unknown>((sides) => sides),
    [
      ofEach(
        [[1, 1]],
        [
          [1, undefined],
          [1, undefined],
        ],
      ),
      ofEach([[1, 1]], [[1, undefined]]),
    ],
  ],
  [
    'a value in a window with an inverse',
    (words) =>
      words
        .mapToPair((word) => [word, undefined])
        .reduceByKeyAndWindow(
          (_, b) => b,
          (a) => a,
          seconds(1),
          seconds(1),
        ),
    [ofEach(undefined, undefined), ofEach(undefined, undefined)],
  ],
])('%s', async (_, of, expected) => {
  for (const restarts of [false, true]) {
    const app = await started(of)
    app.input('in').add('-', 'a', '-')
    await app.advance(seconds(1))
    if (restarts) await app.restart()
    app.input('in').add('-', 'a')
    await app.advance(seconds(1))
    const all = restarts
      ? [undefined, ...app.output('print-1').elements.slice(-1)]
      : app.output('print-1').elements
    expect(all.slice(-1)).toEqual((expected as unknown[]).slice(-1))
    if (!restarts) expect(all).toEqual(expected)
    expect(await app.deadLetters()).toEqual([])
  }
})
