import { expect, test } from 'vitest'
import { lazyBlobStore, lazyWind } from '../../../functions/lazily.ts'
import { memoryBlobStore } from '../../../lib/adapters/memory/memory-blob-store.ts'
import { blobStoreContract } from '../../contract/blob-store.contract.ts'

blobStoreContract('opened at the first call', async () => lazyBlobStore(async () => memoryBlobStore()))

test('what is opened at the first call is opened once, and tried again when that failed', async () => {
  const tries: string[] = []
  const wind = lazyWind(async () => {
    tries.push('open')
    if (tries.length === 1) throw new Error('not now')
    return async (ticks) => void tries.push(...ticks.map(({ app }) => app))
  })
  expect(tries).toEqual([])
  await expect(wind([{ app: 'a' }])).rejects.toThrow('not now')
  await Promise.all([wind([{ app: 'b' }]), wind([{ app: 'c' }])])
  expect(tries).toEqual(['open', 'open', 'b', 'c'])
})
