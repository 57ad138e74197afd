import { describe, expect, test } from 'vitest'
import { memoryItemStore } from '../../../lib/adapters/memory/memory-item-store.ts'
import { itemBytes } from '../../../lib/ports/item-store.ts'
import {
  emptyManifest,
  type Manifest,
  readManifest,
  stateSegments,
  writeManifest,
} from '../../../lib/state/manifest.ts'
import type { StoredPartition } from '../../../lib/state/stored-list.ts'
import {
  readSegment,
  segmentId,
  segmentKeys,
  type SegmentName,
  type SegmentRef,
  writeSegment,
} from '../../../lib/state/segments.ts'

const NAME: SegmentName = { node: 'totals', part: 2, at: '000000000001000', by: 'attempt1' }
const ITEM_BYTES_MAX = 5_000

/**
 * Bytes that cannot be compressed: a generator with a period of 2^32 makes each byte from the one
 * before.
 */
const bytesOf = (count: number): Uint8Array => {
  let state = 1
  return Uint8Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 24
  })
}

/** Typical bytes, which compress well. */
const textOf = (count: number): Uint8Array =>
  Buffer.from('/pages/17 visitor=1700000000 '.repeat(count / 29 + 1).slice(0, count))

describe('a segment', () => {
  test.each([
    // bytes, chunks: 904 bytes fit into an item of 5,000 bytes with its key
    [0, 1],
    [1, 1],
    [904, 1],
    [905, 2],
    [1_808, 2],
    [9_040, 10],
    [9_041, 11],
  ])('of %i bytes is read from %i items', async (count, chunks) => {
    const store = memoryItemStore({ itemBytesMax: ITEM_BYTES_MAX })
    const ref = await writeSegment(store, 'app', NAME, bytesOf(count))
    expect(ref).toMatchObject({ ...NAME, bytes: count, chunks })
    expect(segmentKeys('app', ref)).toHaveLength(chunks)
    expect(Uint8Array.from(await readSegment(store, 'app', ref))).toEqual(bytesOf(count))
  })

  test('with the longest names stays within the limit of an item', async () => {
    const store = memoryItemStore()
    const name = { node: 'n'.repeat(64), part: 1_023, at: '9'.repeat(60), by: 'a'.repeat(32) }
    const ref = await writeSegment(store, 'a'.repeat(64), name, bytesOf(1_000_000))
    for (const key of segmentKeys('a'.repeat(64), ref))
      expect(itemBytes(key, (await store.get(key)) ?? {})).toBeLessThanOrEqual(store.itemBytesMax)
    expect(ref.chunks).toBe(3)
  })

  test('of another attempt, time, part, node or application is another segment', async () => {
    const store = memoryItemStore()
    const others = [
      { by: 'attempt2' },
      { at: '000000000002000' },
      { part: 3 },
      { node: 'other' },
    ].map((change) => ({ ...NAME, ...change }))
    const ref = await writeSegment(store, 'app', NAME, bytesOf(10))
    for (const other of others) await writeSegment(store, 'app', other, bytesOf(20))
    await writeSegment(store, 'app2', NAME, bytesOf(30))
    expect(await readSegment(store, 'app', ref)).toHaveLength(10)
    expect(new Set([NAME, ...others].map(segmentId)).size).toBe(5)
  })

  test.each([0, 1, 2])('is missing if chunk %i is gone', async (chunk) => {
    const store = memoryItemStore({ itemBytesMax: ITEM_BYTES_MAX })
    const ref = await writeSegment(store, 'app', NAME, bytesOf(2_000))
    await store.deleteAll([segmentKeys('app', ref)[chunk] as { partition: string; sort: string }])
    await expect(readSegment(store, 'app', ref)).rejects.toMatchObject({ code: 'SEGMENT_MISSING' })
  })

  test.each([
    [511, 511],
    [512, 60],
    [50_000, 1_000],
  ])('of %i bytes of text is stored in %i bytes or less', async (count, storedMax) => {
    const store = memoryItemStore({ itemBytesMax: ITEM_BYTES_MAX })
    const ref = await writeSegment(store, 'app', NAME, textOf(count))
    expect(ref).toMatchObject({ bytes: count })
    const items = await Promise.all(segmentKeys('app', ref).map((key) => store.get(key)))
    expect(
      items.reduce((total, item) => total + ((item ?? {})['bytes'] as Uint8Array).byteLength, 0),
    ).toBeLessThanOrEqual(storedMax)
    expect(Buffer.from(await readSegment(store, 'app', ref)).equals(textOf(count))).toBe(true)
  })

  test.each([0, 10, 40])(
    'is corrupt if a bit of the compressed bytes is flipped, at %i',
    async (at) => {
      const store = memoryItemStore()
      const ref = await writeSegment(store, 'app', NAME, textOf(1_000))
      const [key] = segmentKeys('app', ref) as [{ partition: string; sort: string }]
      const item = await store.get(key)
      const bytes = item?.['bytes'] as Uint8Array
      await store.put(key, { ...item, bytes: bytes.with(at, (bytes[at] ?? 0) ^ 1) })
      await expect(readSegment(store, 'app', ref)).rejects.toMatchObject({
        code: 'SEGMENT_CORRUPT',
      })
    },
  )

  test.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ['a bit is flipped', (bytes) => bytes.with(3, (bytes[3] ?? 0) ^ 1)],
    ['the end is cut off', (bytes) => bytes.slice(0, -1)],
    ['bytes are added', (bytes) => Uint8Array.from([...bytes, 0])],
    ['no bytes are left', () => new Uint8Array()],
  ])('is corrupt if %s', async (_, damage) => {
    const store = memoryItemStore()
    const ref = await writeSegment(store, 'app', NAME, bytesOf(100))
    const [key] = segmentKeys('app', ref) as [{ partition: string; sort: string }]
    await store.put(key, { ...(await store.get(key)), bytes: damage(bytesOf(100)) })
    await expect(readSegment(store, 'app', ref)).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' })
  })

  test('is corrupt if two chunks are swapped', async () => {
    const store = memoryItemStore({ itemBytesMax: ITEM_BYTES_MAX })
    const ref = await writeSegment(store, 'app', NAME, bytesOf(1_808))
    const [a, b] = segmentKeys('app', ref) as [
      { partition: string; sort: string },
      { partition: string; sort: string },
    ]
    const [first, second] = [await store.get(a), await store.get(b)]
    await store.put(a, second ?? {})
    await store.put(b, first ?? {})
    await expect(readSegment(store, 'app', ref)).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' })
  })
})

const listOf = (...refs: readonly SegmentRef[]): StoredPartition => ({
  pages: [],
  skipped: 0,
  refs,
  count: refs.length,
  bytes: refs.reduce((total, { bytes }) => total + bytes, 0),
  large: refs.length,
  small: 0,
})

describe('a manifest', () => {
  test('is read as it was written, and names its state segments', async () => {
    const store = memoryItemStore()
    const segment = await writeSegment(
      store,
      'app',
      { ...NAME, node: 'totals', part: 0 },
      bytesOf(10),
    )
    const previous = await writeManifest(store, 'app', 'attempt0', emptyManifest(0))
    const manifest: Manifest = {
      timeMs: 1_000,
      offsets: { lines: { files: { taken: 3, threshold: 500 } }, clicks: { lanes: { a: '3' } } },
      states: {
        totals: {
          kind: 'updateStateByKey',
          form: 'state',
          layout: '',
          partitions: [listOf(segment), listOf()],
        },
      },
      timers: { totals: { firedMs: 1_000, dueMs: 9_000 } },
      quietSinceMs: undefined,
      previous: [previous],
    }
    const ref = await writeManifest(store, 'app', 'attempt1', manifest)
    expect(await readManifest(store, 'app', ref)).toEqual(manifest)
    const read = async (): Promise<never> => expect.unreachable('there are no pages')
    expect(await stateSegments(manifest, read)).toEqual([segment])
    expect(await stateSegments(emptyManifest(0), read)).toEqual([])
  })
})
