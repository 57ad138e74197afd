import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { s3ObjectStore } from '../../lib/adapters/aws/s3-object-store.ts'
import { localDirectory } from '../../lib/adapters/local/local-directory.ts'
import { memoryObjects } from '../../lib/adapters/memory/memory-objects.ts'
import { memoryObjectStore } from '../../lib/adapters/memory/memory-object-store.ts'
import type { ObjectSource } from '../../lib/ports/object-source.ts'
import type { ObjectStore, ObjectVersion } from '../../lib/ports/object-store.ts'
import { fakeBucket } from './fake-bucket.ts'
import { type ContentPlace, fileContentContract } from './file-content.contract.ts'
import { temporaryDirectory } from './temporary-directory.ts'

type Put = (key: string, bytes: Uint8Array, contentEncoding?: string) => void | Promise<void>

const directoryPlace = (source: ObjectSource, put: Put): ContentPlace => ({
  keepsEncoding: false,
  async put(key, bytes) {
    await put(key, bytes)
    const [file] = await source.list()
    if (file === undefined) throw new Error('the file is not listed')
    return file
  },
  read: (file) => source.read(file),
})

const bucketPlace = (objects: ObjectStore, put: Put): ContentPlace => ({
  keepsEncoding: true,
  async put(key, bytes, contentEncoding) {
    await put(key, bytes, contentEncoding)
    return (await objects.head(key)) as ObjectVersion
  },
  read: (file) => objects.read(file as ObjectVersion),
})

fileContentContract('memory', async () => {
  const source = memoryObjects()
  return directoryPlace(source, (key, bytes) => source.write(key, bytes, 1_000))
})

fileContentContract('directory', async () => {
  const path = temporaryDirectory()
  const source = localDirectory({ path, warn: (message) => expect.fail(message) })
  return directoryPlace(source, (key, bytes) => writeFile(join(path, key), bytes))
})

for (const versioned of [false, true])
  fileContentContract(`memory bucket, ${versioned ? 'with' : 'without'} versions`, async () => {
    const objects = memoryObjectStore({ versioned })
    return bucketPlace(objects, (key, bytes, contentEncoding) => {
      objects.write(key, bytes, 1_000, contentEncoding)
    })
  })

fileContentContract('S3', async () => {
  const bucket = fakeBucket('clicks')
  const objects = s3ObjectStore({ bucket: 'clicks', client: bucket.client })
  return bucketPlace(objects, (key, bytes, contentEncoding) =>
    bucket.plant(key, bytes, contentEncoding),
  )
})
