import { expect, test } from 'vitest'
import { memoryItemStore } from '../../../lib/adapters/memory/memory-item-store.ts'
import { laneOffsetsForHead, readLaneOffsets } from '../../../lib/state/lane-offsets.ts'
import { emptyManifest, type Manifest, writeManifest } from '../../../lib/state/manifest.ts'

/** A manifest whose lane offsets are JSON of this many bytes. */
const manifestOf = (bytes: number): Manifest => {
  const empty = JSON.stringify({ lines: { lane: '' } }).length
  const lanes = { lane: '7'.repeat(bytes - empty) }
  return { ...emptyManifest(0), offsets: { lines: { lanes }, files: { files: { taken: 1 } } } }
}

test.each([
  // bytes of the offsets, of the largest item, whether the head holds them
  [3_072, 400_000, true],
  [3_073, 400_000, false],
  [500, 4_000, true],
  [501, 4_000, false],
])(
  'offsets of %i bytes, items of %i bytes: the head holds them: %s',
  async (bytes, itemBytesMax, isHeld) => {
    const manifest = manifestOf(bytes)
    const { lines } = manifest.offsets
    const offsets = laneOffsetsForHead({ itemBytesMax }, manifest)
    expect(offsets).toEqual(isHeld ? { lines: lines?.lanes } : undefined)
    const store = memoryItemStore()
    const ref = await writeManifest(store, 'app', 'attempt1', manifest)
    const read = await readLaneOffsets(store, 'app', { offsets, manifest: ref })
    expect(read).toEqual({ lines: lines?.lanes })
  },
)

test('before the first batch there are none', async () => {
  const nothing = { offsets: undefined, manifest: undefined }
  expect(await readLaneOffsets(memoryItemStore(), 'app', nothing)).toEqual({})
})
