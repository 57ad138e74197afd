/**
 * What earlier versions have stored is read for ever. `stored/` has segments as a version wrote
 * them, one file for each form. The files never change, and a new form adds a file and its rows:
 * nothing here is written by the code that is tested.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { memoryItemStore } from '../../../lib/adapters/memory/memory-item-store.ts'
import { type Block, positionsOf, readBlock } from '../../../lib/state/blocks.ts'
import type { BlockRef } from '../../../lib/state/lane-entries.ts'
import { type LanePage, readPage } from '../../../lib/state/lane-pages.ts'
import { PanePartition } from '../../../lib/state/pane-partition.ts'
import { SegmentList } from '../../../lib/state/segment-list.ts'
import { readSegment, segmentKeys, type SegmentRef } from '../../../lib/state/segments.ts'
import { StatePartition } from '../../../lib/state/state-partition.ts'
import type { ItemStore } from '../../../lib/ports/item-store.ts'

interface StoredItem {
  readonly bytes: string
  readonly chunks: number
  readonly codec: string
}

interface StoredSegment {
  readonly ref: SegmentRef
  readonly items: readonly StoredItem[]
}

interface Stored {
  readonly state: Readonly<Record<'whole' | 'delta' | 'many', StoredSegment>>
  readonly panes: Readonly<Record<'simple' | 'objects', StoredSegment>>
  readonly block: StoredSegment & { readonly ref: BlockRef }
  readonly page: { readonly page: LanePage; readonly items: readonly StoredItem[] }
}

const APP = 'app'

const storedBy = (version: string): Stored =>
  JSON.parse(readFileSync(new URL(`stored/${version}.json`, import.meta.url), 'utf8')) as Stored

const storeWith = async (ref: SegmentRef, items: readonly StoredItem[]): Promise<ItemStore> => {
  const store = memoryItemStore()
  for (const [chunk, key] of segmentKeys(APP, ref).entries()) {
    const { bytes, ...rest } = items[chunk] as StoredItem
    await store.put(key, { ...rest, bytes: Buffer.from(bytes, 'base64') })
  }
  return store
}

const bytesOf = async ({ ref, items }: StoredSegment): Promise<Uint8Array> =>
  readSegment(await storeWith(ref, items), APP, ref)

const entriesOf = (partition: StatePartition): readonly (readonly [unknown, unknown])[] => [
  ...partition.draft().entries(),
]

const frozen = Object.freeze({ count: 3 })
const counted = (count: number, last: string, ms: number): object => ({
  count,
  last,
  when: new Date(ms),
})

/** In the order of keys. */
const AFTER_THE_DELTA: readonly (readonly [unknown, unknown])[] = [
  [null, Buffer.from('buf')],
  [false, Uint8Array.of(1, 2, 3)],
  [true, new Set(['s'])],
  [-2, counted(2, 'y', 6)],
  [0.5, frozen],
  [1, counted(1, 'x', 5)],
  [12_345_678_901_234_567_890n, new Map([['k', [1, 2]]])],
  ['', null],
  ['a', 2],
  ['b\u00e9', 'text'],
  ['new', counted(9, 'n', 8)],
  ['\u0436', -0.5],
  ['\ud800', 2n ** 70n],
  [undefined, [1, undefined, [2]]],
  [new Date(86_400_000), [counted(4, 'z', 7), 99]],
  [{ country: 'de', id: 7 }, { nested: { deep: { a: 1 } } }],
]

describe.each(['format-4'])('what %s has stored is read', (version) => {
  const stored = storedBy(version)

  test('state: everything, then a delta with puts and removed keys', async () => {
    const partition = new StatePartition()
    partition.apply(await bytesOf(stored.state.whole))
    partition.apply(await bytesOf(stored.state.delta), true)
    expect(entriesOf(partition)).toStrictEqual(AFTER_THE_DELTA)
    expect(Object.isFrozen(entriesOf(partition)[4]?.[1])).toBe(true)
  })

  test('state that was compressed', async () => {
    const partition = new StatePartition()
    partition.apply(await bytesOf(stored.state.many))
    expect(partition.size).toBe(300)
    expect(partition.draft().get('user-123')).toBe(123)
  })

  test.each([
    [
      'simple',
      [
        ['a', 1],
        ['b', 2],
      ],
    ],
    [
      'objects',
      [
        [['k', 1], { sum: 1, n: 2 }],
        [['k', 2], { sum: 3, n: 4 }],
      ],
    ],
  ] as const)('a pane with values that are %s', async (name, content) => {
    const { ref } = stored.panes[name]
    const list = SegmentList.empty().append([ref], () => ref)
    const panes = new PanePartition(list, () => bytesOf(stored.panes[name]))
    expect(await panes.read(Number(ref.at))).toStrictEqual(content)
  })

  test('a block of records', async () => {
    const { ref, items } = stored.block
    const block: Block = await readBlock(await storeWith(ref, items), APP, ref)
    expect(positionsOf(block)).toEqual(['5', '6', '9'])
    expect(block.records).toStrictEqual([
      'first line',
      { data: Uint8Array.of(1, 2), at: new Date(9) },
      '\u0436',
    ])
  })

  test('a page of a lane', async () => {
    const { page, items } = stored.page
    const store = await storeWith(page.ref, items)
    const parts = await readPage({ store, app: APP }, { source: 'stream', lane: 'shard' }, page)
    expect(parts).toMatchObject([
      { first: '5', last: '9', count: 3, receivedMs: 17, deadLetters: 1 },
    ])
  })
})
