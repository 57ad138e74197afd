import { describe, expect, test } from 'vitest'
import { memoryItemStore } from '../../../../../lib/adapters/memory/memory-item-store.ts'
import { memoryObjectStore } from '../../../../../lib/adapters/memory/memory-object-store.ts'
import type { ObjectsReaderParts } from '../../../../../lib/runtime/sources/objects/upload.ts'
import { openUploads, recordUploads } from '../../../../../lib/runtime/sources/objects/uploads.ts'

const PLACE = { app: 'app', source: 'lines' }
const bytes = Buffer.from('a')

const bucket = (versioned: boolean, onOverwrite: 'new' | 'ignore' = 'new') => {
  const objects = memoryObjectStore({ versioned })
  const store = memoryItemStore()
  const report = (): void => undefined
  const parts: ObjectsReaderParts = {
    ...PLACE,
    store,
    objects,
    existing: 'all',
    onOverwrite,
    report,
  }
  const open = async (...notified: readonly { key: string; eventMs: number; version?: string }[]) =>
    (await openUploads(parts, notified)).open
  const take = async (...notified: readonly { key: string; eventMs: number; version?: string }[]) =>
    recordUploads(
      parts,
      { taken: await open(...notified) },
      { timeMs: 9, byKey: onOverwrite === 'ignore' },
    )
  return { objects, open, take }
}

describe('without versions', () => {
  test('the same bytes under the same key are another upload at another time', async () => {
    const { objects, open, take } = bucket(false)
    objects.write('a', bytes, 1)
    await take({ key: 'a', eventMs: 1 })
    expect(await open({ key: 'a', eventMs: 1 })).toEqual([])
    objects.write('a', bytes, 5)
    expect(await open({ key: 'a', eventMs: 5 })).toMatchObject([{ key: 'a', modifiedMs: 5 }])
  })

  test.each([[[1, 7]], [[7, 1]], [[3]]])(
    'events at %j: an upload is due at the last',
    async (events) => {
      const { objects, open } = bucket(false)
      objects.write('a', bytes, 2)
      const notified = events.map((eventMs) => ({ key: 'a', eventMs }))
      expect(await open(...notified)).toMatchObject([{ dueMs: Math.max(...events) }])
    },
  )
})

test('uploads of one key that are due at the same time come in their order', async () => {
  const { objects, open } = bucket(true)
  const uploads = [3, 1, 2].map((modifiedMs) => ({
    key: 'a',
    eventMs: 9,
    version: objects.write('a', bytes, modifiedMs),
  }))
  const order = async (notified: typeof uploads) =>
    (await open(...notified)).map(({ modifiedMs }) => modifiedMs)
  expect(await order(uploads)).toEqual([1, 2, 3])
  expect(await order(uploads.toReversed())).toEqual([1, 2, 3])
})

test.each([
  ['new', [1, 2]],
  ['ignore', [1]],
] as const)(
  "onOverwrite: '%s': of two open uploads of a key, these are taken: %j",
  async (onOverwrite, taken) => {
    const { objects, open, take } = bucket(true, onOverwrite)
    const uploads = [1, 2].map((modifiedMs) => ({
      key: 'a',
      eventMs: modifiedMs,
      version: objects.write('a', bytes, modifiedMs),
    }))
    expect((await open(...uploads)).map(({ modifiedMs }) => modifiedMs)).toEqual(taken)
    await take(...uploads)
    expect(await open(...uploads)).toEqual([])
  },
)
