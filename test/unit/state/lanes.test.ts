import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { memoryItemStore } from '../../../lib/adapters/memory/memory-item-store.ts'
import {
  advance,
  BEGINNING,
  type BlockRef,
  isAfter,
  type LaneEntry,
} from '../../../lib/state/lane-entries.ts'
import { partsAfter } from '../../../lib/state/lane-pages.ts'
import { partsOf } from '../../../lib/state/lane-reader.ts'
import { LanePartitions } from '../../../lib/state/lane-partitions.ts'
import {
  type Lane,
  type LaneSwap,
  lineageOrder,
  readLane,
  readLanes,
  swapLane,
} from '../../../lib/state/lanes.ts'

const HUGE = '49590338271490256608559692538361571095921575989136588898'

const block = (at: string, count: number, bytes = count * 10): BlockRef => ({
  node: 'lines/0',
  part: 0,
  at,
  by: `by${at}`,
  chunks: 1,
  bytes,
  checksum: 1,
  count,
  first: advance(at, 1 - count),
  sum: 1,
})

const entry = (first: string, ...blocks: readonly BlockRef[]): LaneEntry => ({
  first,
  last: blocks.at(-1)?.at ?? first,
  count: blocks.reduce((total, { count }) => total + count, 0),
  bytes: blocks.reduce((total, { bytes }) => total + bytes, 0),
  receivedMs: 5,
  deadLetters: 0,
  blocks,
})

const laneOf = (...entries: readonly LaneEntry[]): Lane => ({
  source: 'lines',
  lane: '0',
  tail: entries.at(-1)?.last ?? BEGINNING,
  by: 'me',
  parents: [],
  pages: [],
  entries,
})

describe('positions', () => {
  test.each([
    ['1', '0', true],
    ['0', '0', false],
    ['10', '9', true],
    ['9', '10', false],
    [`${HUGE}1`, HUGE, true],
    [HUGE, `${HUGE.slice(0, -1)}9`, false],
  ])('%s after %s: %s', (a, b, after) => {
    expect(isAfter(a, b)).toBe(after)
  })

  test('they are compared as numbers, however long they are written', () => {
    const written = fc
      .tuple(fc.constantFrom('', '', '0', '000'), fc.bigInt({ min: 0n, max: 10n ** 62n }))
      .map(([zeros, number]) => `${zeros}${number}`)
    // Neighbours too, which have most digits in common.
    const pair = fc
      .tuple(written, written, fc.integer({ min: -11, max: 11 }), fc.boolean())
      .map(([a, b, step, isNear]) => {
        const near = BigInt(a) + BigInt(step)
        return [a, isNear && near >= 0n ? String(near) : b] as const
      })
    fc.assert(
      fc.property(pair, ([a, b]) => {
        expect(isAfter(a, b)).toBe(BigInt(a) > BigInt(b))
        expect(isAfter(b, a)).toBe(BigInt(b) > BigInt(a))
      }),
    )
  })

  test.each([
    ['0', 1, '1'],
    ['9', 5, '14'],
    [HUGE, 2, '49590338271490256608559692538361571095921575989136588900'],
    ['9007199254740993', 1, '9007199254740994'],
  ])('%s and %i more is %s', (position, by, expected) => {
    expect(advance(position, by)).toBe(expected)
  })
})

describe('entries after an offset', () => {
  const [a, b, c] = [block('3', 3), block('5', 2), block('9', 4)] as const

  test.each<[string, readonly LaneEntry[], string, readonly LaneEntry[]]>([
    ['nothing consumed', [entry('1', a), entry('4', b)], BEGINNING, [entry('1', a), entry('4', b)]],
    ['one consumed', [entry('1', a), entry('4', b)], '3', [entry('4', b)]],
    ['all consumed', [entry('1', a), entry('4', b)], '5', []],
    ['an offset after all entries', [entry('1', a)], '100', []],
    ['no entries', [], '7', []],
    ['a coalesced entry, its first block consumed', [entry('1', a, b, c)], '3', [entry('4', b, c)]],
    ['a coalesced entry, two blocks consumed', [entry('1', a, b, c)], '5', [entry('6', c)]],
    [
      'a coalesced entry after a consumed one',
      [entry('1', a), entry('4', b, c)],
      '3',
      [entry('4', b, c)],
    ],
    [
      'positions with gaps',
      [entry('100', block('300', 3), block('500', 2))],
      '300',
      [entry('301', block('500', 2))],
    ],
  ])('%s', (_, entries, offset, expected) => {
    expect(partsAfter(partsOf(laneOf(...entries)), offset)).toEqual(expected)
  })
})

describe('lanes in the store', () => {
  test('are read as they were written, those of one source in the order of their ids', async () => {
    const store = memoryItemStore()
    const lanes = ['shard-2', 'shard-10', 'a#b'].map((lane): Lane => {
      const [first, second, third] = [block('3', 3), block('5', 2), block('9', 4)].map((ref) => ({
        ...ref,
        node: `lines/${lane}`,
      }))
      const rejected = { ...entry('10'), deadLetters: 2 }
      return {
        ...laneOf(entry('1', first!), entry('4', second!, third!), rejected),
        lane,
        parents: lane === 'a#b' ? ['shard-2'] : [],
      }
    })
    const write = async (app: string, lane: Lane): Promise<LaneSwap> => {
      await new LanePartitions(store, app, lane.source).use(lane.lane)
      return swapLane(store, app, undefined, lane)
    }
    for (const lane of lanes) expect(await write('app', lane)).toEqual({ swapped: true })
    await write('app', { ...laneOf(), source: 'lines2' })
    await write('app2', laneOf())
    expect(await readLanes(store, 'app', 'lines')).toEqual([lanes[2], lanes[1], lanes[0]])
    expect(await readLane(store, 'app', 'lines', 'shard-2')).toEqual(lanes[0])
    expect(await readLane(store, 'app', 'lines', 'shard-3')).toBeUndefined()
  })

  test('B1: an append is refused unless the tail is the tail that its writer saw', async () => {
    const store = memoryItemStore()
    const first = laneOf(entry('1', block('3', 3)))
    const second = laneOf(...first.entries, entry('4', block('5', 2)))
    await swapLane(store, 'app', undefined, first)
    expect(await swapLane(store, 'app', undefined, second)).toEqual({
      swapped: false,
      current: first,
    })
    expect(await swapLane(store, 'app', laneOf(), second)).toEqual({
      swapped: false,
      current: first,
    })
    expect(await swapLane(store, 'app', first, second)).toEqual({ swapped: true })
    expect(await swapLane(store, 'app', first, second)).toEqual({ swapped: false, current: second })
  })
})

describe('lineage', () => {
  const named = (lane: string, ...parents: readonly string[]): Lane => ({
    ...laneOf(),
    lane,
    parents,
  })

  test.each([
    { what: 'by id', lanes: [named('b'), named('a')], order: 'a b' },
    { what: 'a child after its parent', lanes: [named('a', 'b'), named('b')], order: 'b a' },
    {
      what: 'a merged lane after both parents',
      lanes: [named('a', 'b', 'c'), named('b'), named('c')],
      order: 'b c a',
    },
    { what: 'a parent that has expired', lanes: [named('b', 'gone'), named('a')], order: 'a b' },
  ])('lanes are in order: $what', ({ lanes, order }) => {
    expect(
      lineageOrder(lanes)
        .map(({ lane }) => lane)
        .join(' '),
    ).toBe(order)
  })

  test('in any history of splits and merges, parents come first, for any order of the list', () => {
    const history = fc
      .array(fc.tuple(fc.nat(), fc.nat(), fc.boolean()), { maxLength: 20 })
      .chain((steps) => {
        const lanes = steps.map(([a, b, merges], index) => {
          const older = [a, ...(merges ? [b] : [])].map(
            (n) => `shard-${((n % Math.max(index, 1)) * 7) % 20}`,
          )
          return named(`shard-${(index * 7) % 20}`, ...(index === 0 ? [] : older))
        })
        return fc.shuffledSubarray(lanes, { minLength: lanes.length })
      })
    fc.assert(
      fc.property(history, (lanes) => {
        const order = lineageOrder(lanes)
        const places = new Map(order.map(({ lane }, place) => [lane, place]))
        expect(order).toHaveLength(lanes.length)
        for (const { lane, parents } of order)
          for (const parent of parents)
            expect(places.get(parent)).toBeLessThan(places.get(lane) as number)
      }),
    )
  })
})
