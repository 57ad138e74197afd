import { expect, test } from 'vitest'
import { encode } from '../../../lib/base/codec.ts'
import { sortableTime } from '../../../lib/state/item-keys.ts'
import { PanePartition } from '../../../lib/state/pane-partition.ts'
import { SegmentList } from '../../../lib/state/segment-list.ts'
import type { SegmentRef } from '../../../lib/state/segments.ts'

const refOf = (timeMs: number): SegmentRef => ({
  node: 'n/panes',
  part: 0,
  at: sortableTime(timeMs),
  by: 'attempt',
  chunks: 1,
  bytes: 10,
  checksum: 0,
})

const page = (): SegmentRef => ({ ...refOf(0), node: '@pages/n/panes' })

/** A cold partition with panes at 1, 2, ... seconds, and what it reads. */
const cold = (panes: number) => {
  const times = Array.from({ length: panes }, (_, index) => (index + 1) * 1_000)
  const read = { panes: 0, atOnce: 0, most: 0 }
  const list = SegmentList.empty().append(times.map(refOf), page)
  const partition = new PanePartition(list, async ({ at }) => {
    read.panes += 1
    read.most = Math.max(read.most, ++read.atOnce)
    await new Promise(setImmediate)
    read.atOnce -= 1
    return encode([true, Number(at)])
  })
  return { partition, read, times }
}

test.for([
  // the time before which panes leave, and how many stay
  [-Infinity, 40],
  [0, 40],
  [1_000, 40],
  [1_001, 39],
  [20_000, 21],
  [40_001, 0],
  [Infinity, 0],
] as const)('before %d ms panes leave: %i stay, also in the store', ([beforeMs, stay]) => {
  const { partition } = cold(40)
  const draft = partition.draft(50_000)
  draft.dropBefore(beforeMs)
  const { stored, retired } = draft.flush(() => expect.unreachable('no new pane'), page)
  draft.publish()
  expect([stored.count, partition.times.length]).toEqual([stay, stay])
  expect(retired.filter(({ node }) => node === 'n/panes')).toHaveLength(40 - stay)
})

test('panes are fetched many at once, and each once', async () => {
  const { partition, read, times } = cold(200)
  await partition.draft(1_000_000).fetch(times)
  await partition.draft(1_000_000).fetch(times)
  expect(read.panes).toBe(200)
  expect(read.most).toBe(64)
  expect(await partition.read(3_000)).toBe(3_000)
})
