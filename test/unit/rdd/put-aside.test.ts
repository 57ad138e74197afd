/** A record whose badness shows before the next shuffle is put aside, and all others count (B9). */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { BadRecord } from '../../../lib/rdd/bad-records.ts'
import '../../../lib/rdd/operations/all.ts'
import { rddOfPartitions, type RDD } from '../../../lib/rdd/rdd.ts'

interface Source<T> {
  readonly rdd: RDD<T>
  /** The records that were put aside, with the codes of their errors. */
  readonly aside: () => readonly unknown[]
}

const ANY_NUMBER_OF_BAD = { records: 1_000_000, share: 1 }

const fromSource = <T>(...parts: readonly (readonly T[])[]): Source<T> => {
  const aside = new Map<string, BadRecord>()
  const rdd = rddOfPartitions<T>(
    parts.map((records, part) => ({
      records,
      steps: [],
      origin: {
        description: `lane ${part}`,
        limits: ANY_NUMBER_OF_BAD,
        reject: (bad) => void aside.set(`${part}#${bad.index}`, bad),
      },
    })),
  )
  const codeOf = ({ error }: BadRecord): unknown =>
    (error as { code?: unknown }).code ?? (error as Error).name
  return { rdd, aside: () => [...aside.values()].map((bad) => [bad.record, codeOf(bad)]) }
}

/** A promise of a library of its own. */
class Later {
  // oxlint-disable-next-line unicorn/no-thenable -- That is what it is.
  then(): void {}
}
class Money {
  n = 1
}
const sum = (a: number, b: number): number => a + b
const anything = <T>(value: unknown): T => value as T
const pairs = (of: (word: string) => unknown) => (words: RDD<string>) =>
  words.map((word) => (word === 'bad' ? of(word) : [word, 1])) as RDD<[string, number]>
const counted = [
  ['a', 2],
  ['b', 1],
]

describe('is put aside, and the others are counted', () => {
  type Work = (words: RDD<string>) => Promise<unknown>
  const reduced =
    (of: (word: string) => unknown): Work =>
    async (words) =>
      pairs(of)(words).reduceByKey(sum).collect()
  test.each<[what: string, code: string, work: Work, result: unknown]>([
    ['null for a pair', 'PAIR_INVALID', reduced(() => null), counted],
    ['a text for a pair', 'PAIR_INVALID', reduced(() => 'ab'), counted],
    ['a pair without a value', 'PAIR_INVALID', reduced(() => ['bad']), counted],
    ['a pair with a third element', 'PAIR_INVALID', reduced(() => ['bad', 1, 1]), counted],
    ['a class as key', 'KEY_UNSUPPORTED', reduced(() => [new Money(), 1]), counted],
    ['a class in a key', 'KEY_UNSUPPORTED', reduced(() => [[1, new Money()], 1]), counted],
    ['a function as key', 'KEY_UNSUPPORTED', reduced(() => [() => 1, 1]), counted],
    ['a symbol as key', 'KEY_UNSUPPORTED', reduced(() => [Symbol('s'), 1]), counted],
    ['a bigint in a sum', 'TypeError', reduced(() => ['a', 1n]), counted],
    [
      'a promise as value',
      'PROMISE_UNEXPECTED',
      reduced(() => ['a', Promise.reject(new Error('late'))]),
      counted,
    ],
    [
      'a rejected promise',
      'PROMISE_UNEXPECTED',
      reduced(async () => Promise.reject(new Error('late'))),
      counted,
    ],
    ['a promise of another library', 'PROMISE_UNEXPECTED', reduced(() => new Later()), counted],
    [
      'a promise of a filter',
      'PROMISE_UNEXPECTED',
      async (words) => words.filter((word) => anything(word !== 'bad' || asyncFalse())).collect(),
      ['a', 'b', 'a'],
    ],
    [
      'promises of a flatMap',
      'PROMISE_UNEXPECTED',
      async (words) =>
        words
          .flatMap((word) =>
            word === 'bad' ? [word, anything<string>(reject()), reject()] : [word],
          )
          .collect(),
      ['a', 'b', 'a'],
    ],
    [
      'a promise of mapValues',
      'PROMISE_UNEXPECTED',
      async (words) =>
        words
          .mapToPair((word) => [word, word])
          .mapValues((word) => (word === 'bad' ? anything<number>(reject()) : 1))
          .reduceByKey(sum)
          .collect(),
      counted,
    ],
    [
      'a promise of a reduction',
      'PROMISE_UNEXPECTED',
      async (words) =>
        words
          .flatMap((word) => (word === 'bad' ? [word, word] : [word]))
          .mapToPair((word) => [word, word === 'bad' ? 0 : 1])
          .reduceByKey((a, b) => (a === 0 ? anything<number>(reject()) : a + b))
          .collect(),
      counted,
    ],
    [
      'a key without a partition',
      'RangeError',
      async (words) =>
        words
          .mapToPair((word) => [word, 1])
          .partitionBy(2, (word) => (word === 'bad' ? 7 : 0))
          .reduceByKey(sum)
          .collect(),
      counted,
    ],
    [
      'what cannot be sorted by',
      'TypeError',
      async (words) => words.sortBy((word) => (word === 'bad' ? fail() : word)).collect(),
      ['a', 'a', 'b'],
    ],
    [
      'what a combination cannot begin with',
      'TypeError',
      async (words) =>
        words
          .mapToPair((word) => [word === 'bad' ? 'a' : word, word])
          .combineByKey(
            (word) => [word === 'bad' ? fail() : word],
            (all, word) => [...all, word === 'bad' ? fail() : word],
            (a, b) => [...a, ...b],
          )
          .mapValues((all) => all.length)
          .collect(),
      counted,
    ],
  ])('%s: %s', async (_, code, work, result) => {
    for (const words of [
      ['a', 'b', 'bad', 'a'],
      ['bad', 'a', 'b', 'a'],
      ['a', 'b', 'a', 'bad'],
    ]) {
      const { rdd, aside } = fromSource(words)
      expect(await work(rdd)).toEqual(result)
      expect(aside()).toEqual([['bad', code]])
    }
  })

  const asyncFalse = async (): Promise<boolean> => false
  const reject = async (): Promise<never> => {
    throw new Error('late')
  }
  const fail = (): never => {
    throw new TypeError('bad')
  }

  test('also what other operators made of the record before', async () => {
    const { rdd, aside } = fromSource(['a b', 'a bad', 'b'], ['bad a'])
    const counts = rdd
      .flatMap((line) => line.split(' '))
      .mapToPair((word) => [word === 'bad' ? anything<string>(new Money()) : word, 1])
      .reduceByKey(sum)
    expect(await counts.collect()).toEqual([
      ['a', 1],
      ['b', 2],
    ])
    expect(aside()).toEqual([
      ['a bad', 'KEY_UNSUPPORTED'],
      ['bad a', 'KEY_UNSUPPORTED'],
    ])
  })

  test('an accumulator that was changed in place counts no bad record', async () => {
    const { rdd, aside } = fromSource(['a', 'bad', 'a', 'a'])
    const tallies = rdd
      .mapToPair((word) => ['k', { n: 1, isBad: word === 'bad' }])
      .reduceByKey((a, b) => {
        a.n += b.n
        if (b.isBad) throw new Error('bad')
        return a
      })
    expect(await tallies.mapValues(({ n }) => n).collect()).toEqual([['k', 3]])
    expect(aside()).toEqual([['bad', 'Error']])
  })

  test('the values that most records have stay, wherever the others are', async () => {
    const { rdd, aside } = fromSource<number | bigint>([1n, 1, 2n, 2, 3, 3n, 4])
    const total = rdd.map((n) => [null, n] as [null, number]).reduceByKey(sum)
    expect(await total.collect()).toEqual([[null, 10]])
    expect(aside()).toHaveLength(3)
  })

  test('a function that can combine nothing fails fast', async () => {
    const { rdd } = fromSource(Array.from({ length: 20_000 }, (_, n) => n))
    const broken = rdd
      .map((n) => ['k', n] as [string, number])
      .reduceByKey(() => {
        throw new Error('broken')
      })
    expect(await broken.collect()).toHaveLength(1)
  })
})

describe('a kept RDD', () => {
  const kept = (): Source<string> & { readonly calls: () => number } => {
    const source = fromSource(['a', 'a bad', 'bad b', 'c bad'])
    let calls = 0
    const rdd = source.rdd
      .flatMap((line) => {
        calls += 1
        if (line === 'c bad') throw new Error('c')
        return line.split(' ')
      })
      .cache()
    return { ...source, rdd, calls: () => calls }
  }

  test('puts the record of the source aside, and not a part of it', async () => {
    const { rdd, aside } = kept()
    expect(await rdd.collect()).toEqual(['a', 'a', 'bad', 'bad', 'b'])
    const counts = rdd.mapToPair((word) => [
      word === 'bad' ? anything<string>(new Money()) : word,
      1,
    ])
    expect(await counts.reduceByKey(sum).collect()).toEqual([['a', 1]])
    expect(aside()).toEqual(
      [
        ['a bad', 'KEY_UNSUPPORTED'],
        ['bad b', 'KEY_UNSUPPORTED'],
        ['c bad', 'Error'],
      ].toSorted((a, b) => Number(a[1] === 'KEY_UNSUPPORTED') - Number(b[1] === 'KEY_UNSUPPORTED')),
    )
  })

  test('a second time too', async () => {
    const { rdd, aside } = kept()
    const shouted = rdd.map((word) => word.toUpperCase()).cache()
    const bad = shouted.filter((word) => {
      if (word === 'BAD') throw new Error('bad')
      return true
    })
    expect(await bad.collect()).toEqual(['A'])
    expect(
      aside()
        .map((one) => (one as [string])[0])
        .toSorted(),
    ).toEqual(['a bad', 'bad b', 'c bad'])
  })
})

/** Records of random pipelines, each of which is bad at some place or nowhere. */
interface Word {
  readonly key: string
  readonly badAt: string | undefined
}

const PLACES = ['map', 'filter', 'flatMap', 'pair', 'key', 'promise', 'value', 'reducer'] as const

test('random bad records in random pipelines: a plain loop counts the same', async () => {
  const word = fc.record<Word>({
    key: fc.constantFrom('a', 'b', 'c', '__proto__'),
    badAt: fc.oneof(
      { weight: 3, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constantFrom(...PLACES) },
    ),
  })
  const parts = fc.array(fc.array(fc.array(word, { maxLength: 3 }), { maxLength: 8 }), {
    maxLength: 3,
  })
  const step = fc.constantFrom('map', 'filter', 'flatMap', 'cache')
  await fc.assert(
    fc.asyncProperty(
      parts,
      fc.array(step, { maxLength: 4 }),
      fc.integer({ min: 1, max: 3 }),
      async (lines, steps, partitions) => {
        const { rdd, aside } = fromSource(...lines)
        const isBad = (line: readonly Word[]): boolean =>
          line.some(({ badAt }) => PLACES.includes(badAt as never) && isReached(badAt, steps))
        expect(await countsOf(wordsOf(rdd, steps), partitions)).toEqual(plainCounts(lines, isBad))
        expect(aside().map((one) => (one as readonly unknown[])[0])).toEqual(
          expect.arrayContaining(lines.flat().filter(isBad)) as unknown,
        )
        expect(aside()).toHaveLength(lines.flat().filter(isBad).length)
      },
    ),
    { numRuns: 300 },
  )
})

type StepName = 'map' | 'filter' | 'flatMap' | 'cache'

/** Steps that a pipeline does not have cannot fail. */
const isReached = (badAt: string | undefined, steps: readonly StepName[]): boolean =>
  badAt !== undefined &&
  (!['map', 'filter', 'flatMap'].includes(badAt) || steps.includes(badAt as never))

const check = (place: StepName, { badAt }: Word): void => {
  if (badAt === place) throw new Error(place)
}

const wordsOf = (lines: RDD<readonly Word[]>, steps: readonly StepName[]): RDD<Word> => {
  let words = lines.flatMap((line) => line)
  for (const step of steps) {
    if (step === 'map') words = words.map((word) => (check('map', word), word))
    if (step === 'filter') words = words.filter((word) => (check('filter', word), true))
    if (step === 'flatMap') words = words.flatMap((word) => (check('flatMap', word), [word]))
    if (step === 'cache') words = words.cache()
  }
  return words
}

const pairOf = ({ key, badAt }: Word): [string, { n: number; isBad: boolean }] => {
  const value = { n: 1, isBad: badAt === 'reducer' }
  if (value.isBad) return [`${key}!`, value]
  if (badAt === 'pair') return anything(key)
  if (badAt === 'key') return [anything(new Money()), value]
  if (badAt === 'promise') return [key, anything(Promise.reject(new Error('late')))]
  if (badAt === 'value') return anything([key, value, value])
  return [key, value]
}

const countsOf = async (words: RDD<Word>, partitions: number): Promise<unknown> => {
  const counts = words
    // A word that no reduction can take comes twice, so that it meets itself.
    .flatMap((word) => (word.badAt === 'reducer' ? [word, word] : [word]))
    .map(pairOf)
    .reduceByKey(
      (a, b) => {
        a.n += b.n
        if (a.isBad || b.isBad) throw new Error('reducer')
        return a
      },
      { partitions },
    )
  return new Map((await counts.collect()).map(([key, { n }]) => [key, n]))
}

const plainCounts = (
  lines: readonly (readonly (readonly Word[])[])[],
  isBad: (line: readonly Word[]) => boolean,
): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const line of lines.flat())
    if (!isBad(line)) for (const { key } of line) counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts
}
