import { onTestFinished } from 'vitest'
import { sqliteItemStore } from '../../lib/adapters/local/sqlite-item-store.ts'
import { memoryItemStore } from '../../lib/adapters/memory/memory-item-store.ts'
import { itemStoreContract } from './item-store.contract.ts'
import { temporaryDirectory } from './temporary-directory.ts'

itemStoreContract('memory', async () => {
  const store = memoryItemStore()
  return { store, other: store }
})

itemStoreContract('SQLite', async () => {
  const directory = temporaryDirectory()
  const store = sqliteItemStore({ directory })
  const other = sqliteItemStore({ directory })
  onTestFinished(() => {
    store.close()
    other.close()
  })
  return { store, other }
})
