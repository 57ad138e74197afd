import { expect, test } from 'vitest'
import { memoryObjectStore } from '../../../../../lib/adapters/memory/memory-object-store.ts'
import { MillraceError } from '../../../../../lib/base/errors.ts'
import { Listing } from '../../../../../lib/runtime/sources/objects/listing.ts'
import type { ListingProgress } from '../../../../../lib/state/offsets.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** A time in the second sweep and later. */
const NOW_MS = 1_000 * HOUR_MS

const listingOf = (pageSize: number, prefix = '') => {
  const objects = memoryObjectStore({ versioned: true, pageSize })
  const said: string[] = []
  const report = (event: { readonly event: string }): void => void said.push(event.event)
  return {
    objects,
    said,
    listing: new Listing({ source: 'lines', objects, prefix, existing: 'ignore', report }),
  }
}

const at = (timeMs: number) => ({ timeMs, startedMs: 0, firstMs: timeMs })

/** A sweep that is due, after one that began two hours ago. */
const due = async (listing: Listing): Promise<ListingProgress> => {
  const first = await listing.pages(undefined, at(NOW_MS - 3 * HOUR_MS))
  const second = await listing.pages(first.progress, at(NOW_MS - 2 * HOUR_MS))
  expect(second.progress).toMatchObject({ round: 2 })
  return second.progress
}

test.each([
  ['well before the last sweep', -4 * HOUR_MS, false],
  ['an hour before the last sweep', -3 * HOUR_MS, false],
  ['less than an hour before the last sweep', -3 * HOUR_MS + 1, true],
  ['since the last sweep', -HOUR_MS, true],
])('a sweep finds an object that was modified %s: %s', async (_, modifiedMs, isFound) => {
  const { objects, listing } = listingOf(10)
  const progress = await due(listing)
  objects.write('a', Buffer.from('a'), NOW_MS + modifiedMs)
  expect((await listing.pages(progress, at(NOW_MS))).found).toHaveLength(isFound ? 1 : 0)
})

test('what comes during a sweep of several batches is found by the next sweep', async () => {
  const { objects, listing } = listingOf(1)
  const before = await due(listing)
  for (let index = 0; index < 15; index++)
    objects.write(`k${index + 10}`, Buffer.from('a'), NOW_MS - 10 * HOUR_MS)
  // Ten pages in a batch, and the rest hours later.
  const begun = await listing.pages(before, at(NOW_MS))
  objects.write('a', Buffer.from('a'), NOW_MS + 1)
  const ended = await listing.pages(begun.progress, at(NOW_MS + 5 * HOUR_MS))
  expect([...begun.found, ...ended.found]).toEqual([])
  const next = await listing.pages(ended.progress, at(NOW_MS + 7 * HOUR_MS))
  expect(next.found.map(({ key }) => key)).toEqual(['a'])
})

test('a batch lists no further page after a hundred objects', async () => {
  const { objects, listing } = listingOf(60)
  const progress = await due(listing)
  for (let index = 0; index < 300; index++)
    objects.write(`k${index + 100}`, Buffer.from('a'), NOW_MS - 1)
  const first = await listing.pages(progress, at(NOW_MS))
  expect(first.found).toHaveLength(120)
  expect((await listing.pages(first.progress, at(NOW_MS + 1))).found).toHaveLength(120)
})

test('another place is listed from the beginning', async () => {
  const progress = await due(listingOf(10).listing)
  const { listing } = listingOf(10, 'other/')
  expect(listing.dueMs(progress)).toBe(-Infinity)
  const { progress: now } = await listing.pages(progress, at(NOW_MS))
  expect(now).toMatchObject({ round: 1, begunMs: NOW_MS })
})

test('a listing that failed is made a minute later, and not before', async () => {
  const { objects, said, listing } = listingOf(10)
  const before = await due(listing)
  const { ...working } = objects
  objects.list = () =>
    Promise.reject(new MillraceError('OBJECT_UNREADABLE', { problem: 'no', retryable: true }))
  const { progress } = await listing.pages(before, at(NOW_MS))
  expect(said).toEqual(['warning'])
  expect(listing.dueMs(progress)).toBe(NOW_MS + MINUTE_MS)
  Object.assign(objects, working)
  objects.write('a', Buffer.from('a'), NOW_MS - 1)
  expect((await listing.pages(progress, at(NOW_MS + MINUTE_MS - 1))).found).toEqual([])
  expect((await listing.pages(progress, at(NOW_MS + MINUTE_MS))).found).toHaveLength(1)
})
