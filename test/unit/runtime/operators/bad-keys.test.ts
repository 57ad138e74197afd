/** The option onBadKey: what is bad after a shuffle is about a key, and not about a record. */
import { type DStream, seconds, type State, StateSpec, stream } from 'millrace'
import { testStream, type TestStream } from 'millrace/testing'
import { describe, expect, test } from 'vitest'

type Words = DStream<string>
type OnBadKey = 'fail' | 'dead-letter'

const started = async (
  of: (words: Words) => DStream<unknown>,
  onBadKey: OnBadKey,
): Promise<TestStream> =>
  testStream(
    stream('keys', { batchInterval: seconds(1), onBadKey, whenIdle: 'tick' }, (ssc) =>
      of(ssc.kinesisTextStream('in').union(ssc.kinesisTextStream('in2'))).print(),
    ),
    { failures: 'record', now: new Date(0) },
  )

const throwOnBad = (word: string): void => {
  if (word.includes('bad')) throw new RangeError(word)
}
const numberOf = (word: string): number => (word === 'k!' ? (1n as never) : 1)
const sum = (a: number, b: number): number => a + b
const counts = (words: Words): DStream<[string, number]> =>
  words.mapToPair((word): [string, number] => [word, 1]).reduceByKey(sum)

interface Row {
  readonly name: string
  readonly of: (words: Words) => DStream<unknown>
  /** The words of each batch, by source. */
  readonly batches: readonly (readonly [readonly string[], readonly string[]])[]
  /** What each batch gives. */
  readonly good: readonly unknown[]
  readonly aside: readonly { readonly key: unknown; readonly values: unknown }[]
}

const rows: readonly Row[] = [
  {
    name: 'the values of a key in two partitions cannot be reduced',
    of: (words) => words.mapToPair((word) => [word.slice(0, 1), numberOf(word)]).reduceByKey(sum),
    batches: [
      [
        ['a', 'k', 'k'],
        ['a', 'k!'],
      ],
    ],
    good: [[['a', 2]]],
    aside: [{ key: 'k', values: [2, { $bigint: '1' }] }],
  },
  {
    name: 'a function throws on a pair after a reduction',
    of: (words) =>
      counts(words).map(([word, count]) => {
        throwOnBad(word)
        return `${word} ${count}`
      }),
    batches: [[['a', 'bad', 'b'], ['bad']]],
    good: [['a 1', 'b 1']],
    aside: [{ key: 'bad', values: 2 }],
  },
  {
    name: 'a function throws on one row of a join',
    of: (words) =>
      words
        .mapToPair((word) => [word, 1])
        .join(words.mapToPair((word) => [word, word]))
        .mapValues(([, word]) => {
          throwOnBad(word)
          return word
        }),
    batches: [[['a', 'bad'], ['bad']]],
    good: [[['a', 'a']]],
    aside: [
      {
        key: 'bad',
        values: [
          [1, 1],
          ['bad', 'bad'],
        ],
      },
    ],
  },
  {
    name: 'a second shuffle gets a key that cannot be one',
    of: (words) =>
      counts(words)
        .mapToPair(([word, count]) => [word === 'bad' ? ((() => 1) as never) : word, count])
        .reduceByKey(sum),
    batches: [[['a', 'bad'], []]],
    good: [[['a', 1]]],
    aside: [{ key: 'bad', values: 1 }],
  },
  {
    name: 'the function of a state throws: the state stays as it was',
    of: (words) =>
      words
        .mapToPair((word) => [word.slice(0, 1), word])
        .updateStateByKey<string[]>((some, before = []) => {
          // In place, as people do.
          before.push(...some)
          some.forEach(throwOnBad)
          return before
        }),
    batches: [
      [['a', 'b'], []],
      [['a', 'bad', 'b'], []],
      [['b', 'a'], []],
    ],
    good: [
      [
        ['a', ['a']],
        ['b', ['b']],
      ],
      [
        ['a', ['a', 'a']],
        ['b', ['b']],
      ],
      [
        ['a', ['a', 'a', 'a']],
        ['b', ['b', 'b']],
      ],
    ],
    aside: [{ key: 'b', values: ['bad', 'b'] }],
  },
  {
    name: 'a state that cannot be stored',
    of: (words) =>
      words
        .mapToPair((word) => [word, 1])
        .updateStateByKey<unknown>((ones, _, key) => (key === 'bad' ? new URL('a:b') : ones)),
    batches: [[['a', 'bad'], []]],
    good: [[['a', [1]]]],
    aside: [{ key: 'bad', values: [1] }],
  },
  {
    name: 'mapWithState: all records of the key, and its state stays as it was',
    of: (words) =>
      words
        .mapToPair((word) => [word.slice(0, 1), word])
        .mapWithState(
          StateSpec.function((key: string, word: string | undefined, state: State<number>) => {
            state.update((state.getOption() ?? 0) + 1)
            throwOnBad(word ?? '')
            return `${key}${state.getOption()}`
          }).timeout(seconds(60)),
        ),
    batches: [
      [['a', 'b'], []],
      [['b', 'a', 'bad', 'b', 'a'], []],
      [['b', 'a'], []],
    ],
    good: [
      ['a1', 'b1'],
      ['a2', 'a3'],
      ['b2', 'a4'],
    ],
    aside: [{ key: 'b', values: ['b', 'bad', 'b'] }],
  },
  {
    name: 'a window: the values of one batch stay out of it',
    of: (words) =>
      words
        .mapToPair((word) => [word.slice(0, 1), numberOf(word)])
        .reduceByKeyAndWindow(sum, seconds(2)),
    batches: [
      [['a', 'k'], []],
      [['a', 'k'], ['k!']],
    ],
    good: [
      [
        ['a', 1],
        ['k', 1],
      ],
      [
        ['a', 2],
        ['k', 1],
      ],
    ],
    aside: [{ key: 'k', values: [1, { $bigint: '1' }] }],
  },
]

describe.each(rows)('$name', ({ of, batches, good, aside }) => {
  const play = async (onBadKey: OnBadKey): Promise<TestStream> => {
    const app = await started(of, onBadKey)
    for (const [words, others] of batches) {
      app.input('in').add(...words)
      app.input('in2').add(...others)
      await app.advance(seconds(1))
    }
    return app
  }

  test('is put aside', async () => {
    const app = await play('dead-letter')
    expect(app.failures).toEqual([])
    expect(app.output('print-1').elements).toEqual(good)
    const letters = await app.deadLetters()
    const contents = letters.map(({ text }) => JSON.parse(text) as Record<string, unknown>)
    expect(contents.map(({ key, values }) => ({ key, values }))).toEqual(aside)
    for (const [index, { source }] of letters.entries())
      expect(contents[index]?.['node']).toBe(source)
  })

  test('fails the batch by default', async () => {
    const app = await play('fail')
    expect(app.failures.length).toBeGreaterThan(0)
    expect(await app.deadLetters()).toEqual([])
  })
})

test('a function that throws on most keys is broken', async () => {
  const app = await started(
    (words) =>
      words
        .mapToPair((word) => [word, 1])
        .updateStateByKey<number>(() => {
          throw new Error('broken')
        }),
    'dead-letter',
  )
  app.input('in').add(...Array.from({ length: 101 }, (_, n) => `word ${n}`))
  await app.advance(seconds(1))
  expect(app.failures[0]?.error.message).toContain('[POISON_BREAKER]')
})

test('a function that throws without new values has nothing to put aside', async () => {
  const app = await started(
    (words) =>
      words
        .mapToPair((word) => [word, 1])
        .updateStateByKey<number>((ones, total = 0) => {
          if (ones.length === 0) throw new Error('nothing new')
          return total + 1
        }),
    'dead-letter',
  )
  app.input('in').add('a')
  await app.advance(seconds(2))
  expect(app.failures[0]?.error.message).toContain('[USER_FUNCTION_FAILED]')
})
