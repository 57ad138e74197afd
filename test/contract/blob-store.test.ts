import { describe, expect, test } from 'vitest'
import { blobName, withBlobs } from '../../lib/adapters/blob-item-store.ts'
import { memoryBlobStore } from '../../lib/adapters/memory/memory-blob-store.ts'
import { memoryItemStore } from '../../lib/adapters/memory/memory-item-store.ts'
import { readSegment, writeSegment } from '../../lib/state/segments.ts'
import { blobStoreContract } from './blob-store.contract.ts'
import { expectError } from './errors.ts'
import { itemStoreContract } from './item-store.contract.ts'

blobStoreContract('memory', async () => memoryBlobStore())

// Nearly all bytes go into blobs, so that the contract meets them.
itemStoreContract('memory with blobs', async () => {
  const store = withBlobs(memoryItemStore(), memoryBlobStore(), { aboveBytes: 1 })
  return { store, other: store }
})

describe('items with blobs', () => {
  const key = { partition: 'app#seg#n#0#0', sort: '1#a#0' }
  const opened = (aboveBytes = 10) => {
    const items = memoryItemStore()
    const blobs = memoryBlobStore()
    return { items, blobs, store: withBlobs(items, blobs, { aboveBytes }) }
  }

  test('only more bytes than the threshold go into a blob, and leave with the item', async () => {
    const { items, blobs, store } = opened()
    await store.put(key, { bytes: new Uint8Array(10), n: 1 })
    expect(blobs.names()).toEqual([])
    await store.put(key, { bytes: new Uint8Array(11), n: 1 })
    expect(blobs.names()).toEqual([blobName(key)])
    expect((await items.get(key))?.['bytes']).toBeUndefined()
    expect(await store.get(key)).toEqual({ bytes: new Uint8Array(11), n: 1 })
    await store.deleteAll([key])
    expect(blobs.names()).toEqual([])
    expect(await items.get(key)).toBeUndefined()
  })

  test('a blob is written before its item, and removed after it', async () => {
    const { items, blobs } = opened()
    const steps: string[] = []
    const store = withBlobs(
      {
        ...items,
        put: async (at, item) => (steps.push('put item'), items.put(at, item)),
        deleteAll: async (keys) => (steps.push('delete item'), items.deleteAll(keys)),
      },
      {
        ...blobs,
        put: async (name, bytes) => (steps.push('put blob'), blobs.put(name, bytes)),
        deleteAll: async (names) => (steps.push('delete blob'), blobs.deleteAll(names)),
      },
      { aboveBytes: 10 },
    )
    await store.put(key, { bytes: new Uint8Array(11) })
    await store.deleteAll([key])
    expect(steps).toEqual(['put blob', 'put item', 'delete item', 'delete blob'])
  })

  test('a blob that is missing is a segment that is missing', async () => {
    const { blobs, store } = opened()
    const ref = await writeSegment(
      store,
      'app',
      { node: 'n', part: 0, at: '1', by: 'a' },
      new Uint8Array(1_000),
    )
    expect(new Uint8Array(await readSegment(store, 'app', ref))).toEqual(new Uint8Array(1_000))
    await blobs.deleteAll(blobs.names())
    await expectError(() => readSegment(store, 'app', ref), 'SEGMENT_MISSING')
  })

  test('names of blobs are apart, and of plain letters', () => {
    const texts = [
      'a',
      'a/b',
      'a#b',
      'a%23b',
      'a b',
      'ä',
      '\ud800',
      '%ud800',
      '.',
      '..',
      '😀',
      "it's (*)!",
      '+',
    ]
    const names = texts.flatMap((partition) => texts.map((sort) => blobName({ partition, sort })))
    expect(new Set(names).size).toBe(texts.length ** 2)
    for (const name of names) expect(name).toMatch(/^[\w~%-]+\/[\w~%-]+$/)
  })
})
