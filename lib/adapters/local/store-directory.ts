import { closeSync, existsSync, openSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { MillraceError } from '../../base/errors.ts'
import { makeDurableDirectory } from './durable-directory.ts'
import { storeError } from './sqlite-errors.ts'

/** The file with the items, in the directory of a store. */
export const STORE_FILE = 'store.sqlite'
/** The empty file that is locked. */
export const LOCK_FILE = 'lock.sqlite'

/** The directory of a store. */
export interface StoreDirectory {
  readonly directory: string
  /**
   * Whether to create the directory and the store if they are missing. If false, a missing one is
   * `STORE_NOT_FOUND`. Default true.
   */
  readonly create?: boolean
}

/** The error for a missing store. */
export const storeNotFound = (directory: string): MillraceError =>
  new MillraceError('STORE_NOT_FOUND', {
    problem: 'There is no store in this directory',
    value: directory,
    fix: 'use the directory that the pipeline runs with, or run the pipeline once',
  })

/** A store holds records and keys: only its owner may enter its directory, or read its files. */
const OWNER_ONLY_DIRECTORY = 0o700
const OWNER_ONLY_FILE = 0o600

/**
 * Creates a file of a store for its owner only, unless it exists. SQLite gives its other files the
 * same mode. An existing file is not even opened: closing it would release the locks that this
 * process has on it.
 */
export const makeOwnFile = (path: string): void => {
  try {
    closeSync(openSync(path, 'wx', OWNER_ONLY_FILE))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/**
 * Makes sure that the directory exists. A new one is for its owner only.
 *
 * Errors: `STORE_NOT_FOUND`, `STORE_FAILED`, `STORE_FULL`.
 */
export const enterStoreDirectory = ({ directory, create = true }: StoreDirectory): void => {
  if (!create && !existsSync(join(directory, STORE_FILE))) throw storeNotFound(directory)
  try {
    makeDurableDirectory(directory, OWNER_ONLY_DIRECTORY)
  } catch (error) {
    if (statSync(directory, { throwIfNoEntry: false })?.isFile() !== true)
      throw storeError(error, directory)
    throw new MillraceError('STORE_FAILED', {
      problem: 'The store needs a directory, and this is a file',
      value: directory,
      fix: 'remove the file, or choose another directory: --state DIR',
      cause: error,
    })
  }
}
