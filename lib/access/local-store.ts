/** Opens the store of an application on this machine. */
import { sqliteItemStore } from '../adapters/local/sqlite-item-store.ts'
import { MillraceError } from '../base/errors.ts'
import type { ItemStore } from '../ports/item-store.ts'
import { storeOwner } from '../state/store-owner.ts'

/** A store in a directory, and the application that owns it. */
export interface LocalStore {
  readonly app: string
  readonly store: ItemStore & { readonly close: () => void }
}

/**
 * Opens the store in a directory. A process may run the application meanwhile. Never creates a
 * store.
 *
 * @throws MillraceError `STORE_NOT_FOUND`, `STORE_UNREADABLE`, `STORE_FAILED`.
 */
export const localStore = async (directory: string): Promise<LocalStore> => {
  const store = sqliteItemStore({ directory, create: false })
  try {
    const app = await storeOwner(store)
    if (app !== undefined) return { app, store }
    throw new MillraceError('STORE_NOT_FOUND', {
      problem: 'No pipeline has run on this store yet',
      value: directory,
      fix: 'run a pipeline: millrace run MODULE --state DIR',
    })
  } catch (error) {
    store.close()
    throw error
  }
}
