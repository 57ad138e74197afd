import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  type Item,
  itemBytes,
  type ItemStore,
  type KeyedItem,
  type Swap,
} from '../../lib/ports/item-store.ts'
import { expectError } from './errors.ts'

/** Every test uses partitions of its own, so that a store may be shared and hold other items. */
interface Context {
  readonly store: ItemStore
  /** The same store through another client: what one writes the other sees. */
  readonly other: ItemStore
  readonly partition: string
}

/**
 * What an adapter gives: two clients of one store, which may be the same. Cleans up by itself when
 * the test has finished.
 */
export type OpenItemStore = () => Promise<Pick<Context, 'store' | 'other'>>

const refused = (current: Item | undefined): Swap => ({ swapped: false, current })
const swapped: Swap = { swapped: true }

const sortsOf = (items: readonly KeyedItem[]): readonly string[] => items.map(({ sort }) => sort)

const numbered = (partition: string, count: number): readonly KeyedItem[] =>
  Array.from({ length: count }, (_, index) => ({
    partition,
    sort: String(index).padStart(6, '0'),
    item: { index },
  }))

/** Changes the bytes of an item in place, as a caller should be free to. */
const overwrite = (item: Item | undefined): void => {
  const bytes = item?.['bytes']
  expect(bytes).toBeInstanceOf(Uint8Array)
  if (bytes instanceof Uint8Array) bytes.fill(8)
}

const readingAndWriting = (context: () => Context): void => {
  test('an item that was never written is not there', async () => {
    const { store, partition } = context()
    expect(await store.get({ partition, sort: 'a' })).toBeUndefined()
    expect(await store.query(partition)).toEqual([])
  })

  test.each<[string, Item]>([
    ['text', { text: 'a', empty: '', unicode: 'ä€😀', control: '\0\n"\\' }],
    ['numbers', { zero: 0, negative: -1.5, large: Number.MAX_SAFE_INTEGER, small: 1e-100 }],
    ['booleans', { yes: true, no: false }],
    ['bytes', { some: Uint8Array.of(0, 255, 128), none: new Uint8Array(), more: Uint8Array.of(7) }],
    ['all together', { text: 'a', bytes: Uint8Array.of(1), number: 2, yes: true }],
    ['nothing', {}],
    ['names of JavaScript', { constructor: 'a', toString: 'b', hasOwnProperty: 1 }],
  ])('comes back as it was: %s', async (_, item) => {
    const { store, other, partition } = context()
    await store.put({ partition, sort: 'a' }, item)
    expect(await other.get({ partition, sort: 'a' })).toEqual(item)
    expect(await other.query(partition)).toEqual([{ partition, sort: 'a', item }])
  })

  test('an attribute that is undefined is not there', async () => {
    const { store, partition } = context()
    await store.put({ partition, sort: 'a' }, { kept: 1, gone: undefined })
    expect(Object.keys((await store.get({ partition, sort: 'a' })) ?? {})).toEqual(['kept'])
  })

  test.each(['__proto__', 'constructor', '%', '_', '#', "'; --", '\0', ' ', 'ä€😀'])(
    '%j is a name like any other',
    async (name) => {
      const { store, partition } = context()
      const key = { partition: `${partition}${name}`, sort: name }
      const item: Item = Object.fromEntries([[name, 1]])
      await store.put(key, item)
      expect(Object.entries((await store.get(key)) ?? {})).toEqual([[name, 1]])
      expect(sortsOf(await store.query(key.partition, { prefix: name }))).toEqual([name])
      expect(await store.compareAndSet(key, item, {})).toEqual(swapped)
    },
  )

  test('put replaces the whole item', async () => {
    const { store, partition } = context()
    await store.put({ partition, sort: 'a' }, { old: 1, both: 1 })
    await store.put({ partition, sort: 'a' }, { both: 2 })
    expect(await store.get({ partition, sort: 'a' })).toEqual({ both: 2 })
  })

  test('partitions and sort keys do not run into each other', async () => {
    const { store, partition } = context()
    await store.put({ partition, sort: 'bc' }, { is: 1 })
    await store.put({ partition: `${partition}b`, sort: 'c' }, { is: 2 })
    expect(await store.get({ partition, sort: 'bc' })).toEqual({ is: 1 })
    expect(await store.get({ partition: `${partition}b`, sort: 'c' })).toEqual({ is: 2 })
  })
}

const bytesOfTheCaller = (context: () => Context): void => {
  test.each(['Uint8Array', 'Buffer'])(
    'what is changed after it was given (%s), or after it was got, is not changed in the store',
    async (kind) => {
      const { store, partition } = context()
      const bytes = kind === 'Buffer' ? Buffer.from([1, 2]) : Uint8Array.of(1, 2)
      const given = { bytes, n: 1 }
      const key = { partition, sort: 'a' }
      await store.put(key, given)
      await store.putAll([{ partition, sort: 'b', item: given }])
      await store.compareAndSet({ partition, sort: 'c' }, 'absent', given)
      bytes.fill(9)
      given.n = 9

      overwrite(await store.get(key))
      const refusal = await store.compareAndSet(key, 'absent', {})
      if (!refusal.swapped) overwrite(refusal.current)
      for (const { item } of await store.query(partition)) overwrite(item)

      const kept = { bytes: Uint8Array.of(1, 2), n: 1 }
      expect((await store.query(partition)).map(({ item }) => item)).toEqual([kept, kept, kept])
      expect(await store.get(key)).toEqual(kept)
    },
  )
}

const comparing = (context: () => Context): void => {
  test.each<[string, Item | undefined, Item | 'absent', boolean]>([
    ['no item, none seen', undefined, 'absent', true],
    ['an item, none seen', { n: 1 }, 'absent', false],
    ['an empty item is an item', {}, 'absent', false],
    ['no item, one seen', undefined, { n: 1 }, false],
    ['no item, one without attributes seen', undefined, {}, false],
    ['no item, one without this attribute seen', undefined, { n: undefined }, false],
    ['the same number', { n: 1 }, { n: 1 }, true],
    ['another number', { n: 1 }, { n: 2 }, false],
    ['a number is no text', { n: 1 }, { n: '1' }, false],
    ['a boolean is no number', { n: true }, { n: 1 }, false],
    ['the same text', { s: 'ä' }, { s: 'ä' }, true],
    ['text that only looks the same', { s: '\u00e4' }, { s: 'a\u0308' }, false],
    ['equal bytes', { b: Uint8Array.of(1, 2) }, { b: Uint8Array.of(1, 2) }, true],
    ['equal bytes in a Buffer', { b: Uint8Array.of(1, 2) }, { b: Buffer.from([1, 2]) }, true],
    ['other bytes', { b: Uint8Array.of(1, 2) }, { b: Uint8Array.of(1, 3) }, false],
    ['fewer bytes', { b: Uint8Array.of(1, 2) }, { b: Uint8Array.of(1) }, false],
    ['bytes are no text', { b: Uint8Array.of(0x61) }, { b: 'a' }, false],
    ['an attribute that is not stored, seen as such', { n: 1 }, { m: undefined }, true],
    ['an attribute that is stored, seen as not', { n: 1 }, { n: undefined }, false],
    ['an attribute that is not stored, seen', { n: 1 }, { m: 1 }, false],
    [
      'an attribute that every object inherits',
      { n: 1 },
      { toString: undefined, constructor: undefined },
      true,
    ],
    ['attributes not named do not count', { n: 1, m: 2 }, { n: 1 }, true],
    ['all named must agree', { n: 1, m: 2 }, { n: 1, m: 3 }, false],
    ['nothing named', { n: 1 }, {}, true],
  ])('%s', async (_, stored, seen, holds) => {
    const { store, other, partition } = context()
    const key = { partition, sort: 'a' }
    if (stored !== undefined) await store.put(key, stored)
    expect(await other.compareAndSet(key, seen, { next: 1 })).toEqual(
      holds ? swapped : refused(stored),
    )
    expect(await store.get(key)).toEqual(holds ? { next: 1 } : stored)
  })

  test('of many writers one wins each round, and the others learn what it wrote', async () => {
    const { store, other, partition } = context()
    const key = { partition, sort: 'a' }
    await store.put(key, { round: 0, by: -1 })
    for (let round = 1; round <= 10; round++) {
      const writers = Array.from({ length: 50 }, (_, by) =>
        (by % 2 === 0 ? store : other).compareAndSet(key, { round: round - 1 }, { round, by }),
      )
      const swaps = await Promise.all(writers)
      const winners = swaps.flatMap((swap, by) => (swap.swapped ? [by] : []))
      expect(winners).toHaveLength(1)
      const won = { round, by: winners[0] }
      expect(swaps.filter((swap) => !swap.swapped)).toEqual(
        Array.from({ length: 49 }, () => refused(won)),
      )
      expect(await other.get(key)).toEqual(won)
    }
  })

  test('of many that see none at once, one wins', async () => {
    const { store, other, partition } = context()
    const writers = Array.from({ length: 50 }, (_, by) =>
      (by % 2 === 0 ? store : other).compareAndSet({ partition, sort: 'a' }, 'absent', { by }),
    )
    expect((await Promise.all(writers)).filter((swap) => swap.swapped)).toHaveLength(1)
  })
}

const querying = (context: () => Context): void => {
  // In the order of their UTF-8 bytes, which is not that of UTF-16: U+FFFF comes before all beyond
  // the basic plane.
  const ordered = [
    '!',
    '#',
    '%',
    '0',
    '10',
    '2',
    'A',
    'AB',
    'Z',
    '_',
    'a',
    'a#',
    'a%',
    'a_',
    'aa',
    'z',
    '\u007f',
    'ä',
    'ä#',
    '\u0fff',
    '\ud7ff',
    '\ue000',
    '\uffff',
    '😀',
    '😀a',
    '\u{10ffff}',
  ]

  test('items come in the order of the UTF-8 bytes of their sort keys', async () => {
    const { store, partition } = context()
    await store.putAll(ordered.toReversed().map((sort) => ({ partition, sort, item: {} })))
    await store.put({ partition: `${partition}b`, sort: 'other' }, {})
    expect(sortsOf(await store.query(partition))).toEqual(ordered)
  })

  test.each([
    ['a', ['a', 'a#', 'a%', 'a_', 'aa']],
    ['a%', ['a%']],
    ['a_', ['a_']],
    ['A', ['A', 'AB']],
    ['%', ['%']],
    ['_', ['_']],
    ['ä', ['ä', 'ä#']],
    ['\uffff', ['\uffff']],
    ['😀', ['😀', '😀a']],
    ['\u{10ffff}', ['\u{10ffff}']],
    ['nothing', []],
  ])('prefix %j', async (prefix, expected) => {
    const { store, partition } = context()
    await store.putAll(ordered.map((sort) => ({ partition, sort, item: {} })))
    expect(sortsOf(await store.query(partition, { prefix }))).toEqual(expected)
  })

  test.each<[Parameters<ItemStore['query']>[1], readonly string[]]>([
    [{ after: '\ud7ff' }, ['\ue000', '\uffff', '😀', '😀a', '\u{10ffff}']],
    [{ after: '\uffff', limit: 1 }, ['😀']],
    [{ after: '\u{10ffff}' }, []],
    [{ after: 'a', prefix: 'a' }, ['a#', 'a%', 'a_', 'aa']],
    [{ after: 'a$', prefix: 'a', limit: 2 }, ['a%', 'a_']],
    [{ after: '!', prefix: 'a' }, ['a', 'a#', 'a%', 'a_', 'aa']],
    [{ after: 'z', prefix: 'a' }, []],
    [{ limit: 2 }, ['!', '#']],
    [{ limit: 1_000, prefix: 'z' }, ['z']],
    [{ isDescending: true, limit: 3 }, ['\u{10ffff}', '😀a', '😀']],
    [{ isDescending: true, before: '😀', limit: 2 }, ['\uffff', '\ue000']],
    [{ isDescending: true, before: '10' }, ['0', '%', '#', '!']],
    [{ isDescending: true, before: '!' }, []],
  ])('%j', async (query, expected) => {
    const { store, partition } = context()
    await store.putAll(ordered.map((sort) => ({ partition, sort, item: {} })))
    expect(sortsOf(await store.query(partition, query))).toEqual(expected)
  })

  test('pages of any size together are all items', async () => {
    const { store, partition } = context()
    const items = numbered(partition, 100)
    await store.putAll(items)
    for (const limit of [1, 7, 99, 100, 101]) {
      const pages: KeyedItem[] = []
      for (let after = ''; ;) {
        const page = await store.query(partition, { limit, ...(after === '' ? {} : { after }) })
        pages.push(...page)
        after = page.at(-1)?.sort ?? ''
        if (page.length < limit) break
      }
      expect(pages).toEqual(items)
    }
  })

  test.each<[readonly string[], Item]>([
    [[], {}],
    [['n'], { n: 1 }],
    [['text', 'missing'], { text: 't' }],
    [['bytes', 'text'], { bytes: new Uint8Array(20_000).fill(7), text: 't' }],
  ])('only the attributes %j', async (attributes, expected) => {
    const { store, partition } = context()
    const item = { n: 1, text: 't', bytes: new Uint8Array(20_000).fill(7), more: new Uint8Array(3) }
    await store.put({ partition, sort: 'a' }, item)
    await store.put({ partition, sort: 'b' }, item)
    expect(await store.query(partition, { attributes, prefix: 'b' })).toEqual([
      { partition, sort: 'b', item: expected },
    ])
  })

  test('a query of large items is not cut short', async () => {
    const { store, partition } = context()
    // More than DynamoDB gives in one answer, 1 MB.
    const items = numbered(partition, 12).map(({ sort }) => ({
      partition,
      sort,
      item: { bytes: new Uint8Array(200_000).fill(Number(sort)) },
    }))
    await store.putAll(items)
    expect(await store.query(partition)).toEqual(items)
  })
}

const many = (context: () => Context): void => {
  test('thousands are written, and removed, in one call', async () => {
    const { store, other, partition } = context()
    const items = numbered(partition, 5_000)
    await store.putAll(items.toReversed())
    expect(await other.query(partition)).toEqual(items)
    await store.deleteAll(items.slice(0, 4_990))
    expect(await other.query(partition)).toEqual(items.slice(4_990))
  })

  test('none is no error', async () => {
    const { store, partition } = context()
    await store.putAll([])
    await store.deleteAll([])
    expect(await store.query(partition)).toEqual([])
  })

  test('removing what is not there is no error', async () => {
    const { store, partition } = context()
    await store.put({ partition, sort: 'a' }, { n: 1 })
    for (let time = 1; time <= 2; time++)
      await store.deleteAll([
        { partition, sort: 'a' },
        { partition, sort: 'never' },
      ])
    expect(await store.get({ partition, sort: 'a' })).toBeUndefined()
    expect(await store.compareAndSet({ partition, sort: 'a' }, 'absent', {})).toEqual(swapped)
  })
}

const tooLarge = (context: () => Context): void => {
  const itemOfSize = ({ store, partition }: Context, sizeBytes: number): KeyedItem => {
    const key = { partition, sort: 'large' }
    const rest = itemBytes(key, { bytes: new Uint8Array() })
    expect(store.itemBytesMax).toBeGreaterThan(rest)
    return { ...key, item: { bytes: new Uint8Array(sizeBytes - rest) } }
  }

  test('the largest item allowed is taken', async () => {
    const { store } = context()
    const { item, ...key } = itemOfSize(context(), store.itemBytesMax)
    await store.put(key, item)
    expect((await store.get(key))?.['bytes']).toHaveLength((item['bytes'] as Uint8Array).length)
  })

  test('of one byte more, nothing is written', async () => {
    const { store, partition } = context()
    const { item, ...key } = itemOfSize(context(), store.itemBytesMax + 1)
    await expectError(() => store.put(key, item), 'ITEM_TOO_LARGE')
    await expectError(() => store.compareAndSet(key, 'absent', item), 'ITEM_TOO_LARGE')
    await expectError(
      () =>
        store.putAll([
          { partition, sort: 'small', item: {} },
          { ...key, item },
        ]),
      'ITEM_TOO_LARGE',
    )
    expect(await store.query(partition)).toEqual([])
  })

  test('names count, and text by its UTF-8 bytes', async () => {
    const { store, partition } = context()
    const key = { partition, sort: 'large' }
    await expectError(
      () => store.put(key, { text: '€'.repeat(store.itemBytesMax / 3) }),
      'ITEM_TOO_LARGE',
    )
    await expectError(
      () => store.put(key, { ['n'.repeat(store.itemBytesMax)]: 1 }),
      'ITEM_TOO_LARGE',
    )
  })
}

/** What every {@link ItemStore} promises. */
export const itemStoreContract = (adapter: string, open: OpenItemStore): void => {
  describe(`an item store: ${adapter}`, () => {
    let current: Context | undefined
    beforeEach(async () => {
      current = { ...(await open()), partition: randomUUID() }
    })
    const context = (): Context => {
      if (current === undefined) throw new Error('the store is open only in a test')
      return current
    }

    describe('reads what was written', () => readingAndWriting(context))
    describe('leaves bytes to the caller', () => bytesOfTheCaller(context))
    describe('compares and sets', () => comparing(context))
    describe('queries', () => querying(context))
    describe('takes many', () => many(context))
    describe('refuses what is too large', () => tooLarge(context))
  })
}
