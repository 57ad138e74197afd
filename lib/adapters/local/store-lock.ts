import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { MillraceError } from '../../base/errors.ts'
import { isBusy, storeError } from './sqlite-errors.ts'
import { enterStoreDirectory, LOCK_FILE } from './store-directory.ts'

/** Who holds it is the only one that runs batches on the store. */
export interface StoreLock {
  /** Gives the lock back. More than once does nothing. */
  release(): void
}

/**
 * Locks held by this process. Kept here, for a database that nobody refers to any more is closed by
 * the garbage collector.
 */
const held = new Set<DatabaseSync>()

const busyError = (directory: string): MillraceError =>
  new MillraceError('STORE_BUSY', {
    problem: 'Another process runs on this store',
    value: directory,
    allowed: 'one running pipeline for each store directory',
    fix: 'stop the other one, or give another directory',
  })

/**
 * Locks a store directory for one running pipeline. The lock is the operating system's on an empty
 * file beside the items, taken through SQLite: it goes when the process ends in any way, so that
 * there is never a stale one to clear. It does not keep others from reading, or from writing
 * through {@link sqliteItemStore}. Does not reach over network file systems that have no locks.
 *
 * Errors: `STORE_BUSY`, `STORE_NOT_FOUND` (with `create: false`), `STORE_FAILED`, `STORE_FULL`.
 */
export const lockStore = (
  directory: string,
  { create = true }: { readonly create?: boolean } = {},
): StoreLock => {
  enterStoreDirectory({ directory, create })
  const database = openLock(directory)
  try {
    // Nothing is ever written: the file stays empty, and there is no journal to recover from.
    database.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    throw isBusy(error) ? busyError(directory) : storeError(error, directory)
  }
  held.add(database)
  return {
    release(): void {
      if (held.delete(database)) database.close()
    },
  }
}

const openLock = (directory: string): DatabaseSync => {
  try {
    return new DatabaseSync(join(directory, LOCK_FILE), { timeout: 0 })
  } catch (error) {
    throw storeError(error, directory)
  }
}
