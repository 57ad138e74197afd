import { type MemoryBlobStore, memoryBlobStore } from '../../adapters/memory/memory-blob-store.ts'
import { memoryItemStore } from '../../adapters/memory/memory-item-store.ts'
import { type MemoryFiles, memoryFiles } from '../../adapters/memory/memory-files.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import type { Random } from '../random.ts'
import { OutputBucket } from './cloud/output-bucket.ts'

/** All durable storage: the table, the bucket of large segments, and the bucket of outputs. */
export interface Storage {
  readonly items: ItemStore
  readonly blobs: MemoryBlobStore
  /** Only more bytes than these go into a blob. */
  readonly blobAboveBytes: number
  readonly outputs: OutputBucket
  /** What users' own sinks write. */
  readonly ownFiles: MemoryFiles
}

/** Small limits, so that chunks, blobs and full lanes occur within seconds. */
export const drawStorage = (random: Random): Storage => ({
  items: memoryItemStore({ itemBytesMax: random.pick([8_192, 8_192, 8_192, 409_600]) }),
  blobs: memoryBlobStore(),
  blobAboveBytes: random.pick([200, 8_192]),
  outputs: new OutputBucket(),
  ownFiles: memoryFiles(),
})
