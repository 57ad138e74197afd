/**
 * Joins and the least elements of random RDDs, beside plain programs that sort everything: the
 * results and their order are the same to the last one (B3).
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KeyedMap } from '../../../lib/base/keys.ts'
import { compareNatural } from '../../../lib/base/order.ts'
import { seededRandom } from '../../../lib/base/seeded.ts'
import type { RDD } from 'millrace'
import { of } from './rdds.ts'

type Pairs = RDD<[unknown, number]>
type Grouped = readonly (readonly [key: unknown, values: readonly number[]])[]
type Row = readonly [key: unknown, sides: readonly unknown[]]

const keys = fc.oneof(
  fc.constantFrom('', 'a', 'b', 'B', 'ab', 'é', '\u{1F600}', '\uFFFF'),
  fc.constantFrom(0, -0, 1, -1, 0.5, NaN, Infinity, 1n, -1n, 2n ** 70n),
  fc.constantFrom(null, undefined, true, false),
  fc.constantFrom(['a', 1], ['a', 2], [], { id: 1 }, { id: 2, x: 'é' }, [['a']]),
  fc.constantFrom(new Date(0), new Date(1), new Date(-1)),
)
const pairs = fc.array(fc.tuple(keys, fc.integer({ min: 0, max: 3 })), { maxLength: 60 })
const partitions = fc.integer({ min: 1, max: 3 })

/** Both sides of each key, by a map and a sort of all keys. */
const bothSides = (left: Grouped, right: Grouped): readonly Row[] => {
  const both = new KeyedMap<unknown, readonly [readonly number[], readonly number[]]>()
  for (const [key, values] of left) both.set(key, [values, []])
  for (const [key, values] of right) both.set(key, [both.get(key)?.[0] ?? [], values])
  return both.sortedEntries()
}

/** Every left value with every right value of a key. A side without values has those of `none`. */
const joined = (
  rows: readonly Row[],
  none: { readonly left: readonly unknown[]; readonly right: readonly unknown[] },
): readonly Row[] =>
  rows.flatMap(([key, sides]) => {
    const [left, right] = sides as readonly [readonly unknown[], readonly unknown[]]
    const [ours, theirs] = [
      left.length > 0 ? left : none.left,
      right.length > 0 ? right : none.right,
    ]
    return ours.flatMap((one) => theirs.map((other): Row => [key, [one, other]]))
  })

const [NOTHING, ONE_UNDEFINED] = [[], [undefined]] as const

interface JoinRow {
  readonly name: string
  readonly join: (left: Pairs, right: Pairs, partitions: number) => RDD<unknown>
  readonly plain: (rows: readonly Row[]) => readonly unknown[]
}

const joins: readonly JoinRow[] = [
  {
    name: 'cogroup',
    join: (left, right, count) => left.cogroup(right, { partitions: count }),
    plain: (rows) => rows,
  },
  {
    name: 'join',
    join: (left, right, count) => left.join(right, { partitions: count }),
    plain: (rows) => joined(rows, { left: NOTHING, right: NOTHING }),
  },
  {
    name: 'leftOuterJoin',
    join: (left, right, count) => left.leftOuterJoin(right, { partitions: count }),
    plain: (rows) => joined(rows, { left: NOTHING, right: ONE_UNDEFINED }),
  },
  {
    name: 'rightOuterJoin',
    join: (left, right, count) => left.rightOuterJoin(right, { partitions: count }),
    plain: (rows) => joined(rows, { left: ONE_UNDEFINED, right: NOTHING }),
  },
  {
    name: 'fullOuterJoin',
    join: (left, right, count) => left.fullOuterJoin(right, { partitions: count }),
    plain: (rows) => joined(rows, { left: ONE_UNDEFINED, right: ONE_UNDEFINED }),
  },
  {
    name: 'subtractByKey',
    join: (left, right, count) => left.subtractByKey(right, { partitions: count }),
    plain: (rows) =>
      rows.flatMap(([key, [left, right]]) =>
        (right as readonly unknown[]).length > 0
          ? []
          : (left as readonly unknown[]).map((value) => [key, value]),
      ),
  },
]

test.each(joins)('$name: as by a map of both sides and a sort', async ({ join, plain }) => {
  await fc.assert(
    fc.asyncProperty(pairs, pairs, partitions, partitions, async (left, right, inputs, outputs) => {
      const [ours, theirs] = [of(left, inputs), of(right, inputs)]
      const groups = async (side: Pairs): Promise<readonly Grouped[]> =>
        side.groupByKey({ partitions: outputs }).glom().collect()
      const [lefts, rights] = [await groups(ours), await groups(theirs)]
      const expected = lefts.map((group, part) => plain(bothSides(group, rights[part] ?? [])))
      expect(await join(ours, theirs, outputs).glom().collect()).toStrictEqual(expected)
    }),
    { numRuns: 150 },
  )
})

describe('the least elements', () => {
  const ranked = fc.array(fc.record({ rank: fc.integer({ min: 0, max: 9 }) }), { maxLength: 600 })
  const counts = fc.oneof(
    fc.integer({ min: -1, max: 20 }),
    fc.constantFrom(300, 601, Infinity, NaN),
  )

  test('are the first ones of everything sorted, equal ones in their order', async () => {
    await fc.assert(
      fc.asyncProperty(ranked, counts, partitions, async (elements, count, inputs) => {
        const byRank = (a: { rank: number }, b: { rank: number }): number => a.rank - b.rank
        const wanted = Math.max(0, count)
        const rdd = of(elements, inputs)
        const least = await rdd.takeOrdered(count, byRank)
        const top = await rdd.top(count, byRank)
        const sorted = elements.toSorted(byRank).slice(0, wanted)
        const reversed = elements.toSorted((a, b) => byRank(b, a)).slice(0, wanted)
        expect([least.length, top.length]).toEqual([sorted.length, reversed.length])
        // The same objects, not only equal ones.
        expect(least.every((element, index) => element === sorted[index])).toBe(true)
        expect(top.every((element, index) => element === reversed[index])).toBe(true)
      }),
    )
  })

  test('are in the natural order also with undefined, NaN and keys of every type', async () => {
    const many = fc.array(keys, { maxLength: 200 })
    await fc.assert(
      fc.asyncProperty(many, counts, async (elements, count) => {
        const boxed = elements.map((element) => [element])
        boxed.sort(([a], [b]) => compareNatural(a, b))
        const expected = boxed.slice(0, Math.max(0, count)).map(([element]) => element)
        expect(await of(elements, 2).takeOrdered(count)).toStrictEqual(expected)
      }),
    )
  })

  test('a few of many take about one comparison for each element', async () => {
    const random = seededRandom(1)
    const numbers = Array.from({ length: 100_000 }, random)
    let comparisons = 0
    const compare = (a: number, b: number): number => {
      comparisons += 1
      return a - b
    }
    const least = await of(numbers, 3).takeOrdered(10, compare)
    expect(least).toEqual(numbers.toSorted((a, b) => a - b).slice(0, 10))
    expect(comparisons).toBeLessThan(1.2 * numbers.length)
  })

  test.each(['max', 'min'] as const)('%s computes each element once', async (action) => {
    let computed = 0
    const rdd = of([3, 1, 2], 2).map((number) => {
      computed += 1
      return number
    })
    await rdd[action]()
    expect(computed).toBe(3)
  })
})
