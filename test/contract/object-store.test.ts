import { memoryObjectStore } from '../../lib/adapters/memory/memory-object-store.ts'
import { objectStoreContract } from './object-store.contract.ts'

for (const versioned of [false, true])
  objectStoreContract(`memory, ${versioned ? 'with' : 'without'} versions`, async () => {
    // Small pages, so that listings have several.
    const objects = memoryObjectStore({ versioned, pageSize: 2 })
    let uploads = 0
    return {
      objects,
      isVersioned: versioned,
      write: async (key, bytes) => void objects.write(key, bytes, ++uploads * 1_000),
      remove: async (key) => objects.remove(key),
    }
  })
