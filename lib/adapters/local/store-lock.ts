import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { MillraceError } from '../../base/errors.ts'
import { isBusy, storeError } from './sqlite-errors.ts'
import { enterStoreDirectory, LOCK_FILE, makeOwnFile } from './store-directory.ts'

/** The lock of a store: only its holder runs batches on the store. */
export interface StoreLock {
  /** Releases the lock. Further calls do nothing. */
  release(): void
}

/**
 * The locks of this process. They are referenced here because the garbage collector closes a
 * database without references.
 */
const held = new Set<DatabaseSync>()

const busyError = (directory: string): MillraceError =>
  new MillraceError('STORE_BUSY', {
    problem: 'Another process runs on this store',
    value: directory,
    allowed: 'one running pipeline for each store directory',
    fix: 'stop the other process, or use another directory',
  })

/**
 * Locks a store directory for one running pipeline. It is a lock of the operating system on an
 * empty file next to the items, taken through SQLite. It ends with the process in any case, so a
 * stale lock never remains. It does not prevent other processes from reading, or from writing
 * through {@link sqliteItemStore}. It does not work on network file systems without locks.
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
    const file = join(directory, LOCK_FILE)
    makeOwnFile(file)
    return new DatabaseSync(file, { timeout: 0 })
  } catch (error) {
    throw storeError(error, directory)
  }
}
