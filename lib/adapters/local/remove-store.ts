import { closeSync, openSync, readdirSync, readSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { MillraceError } from '../../base/errors.ts'
import { storeError } from './sqlite-errors.ts'
import { APPLICATION_ID } from './sqlite-schema.ts'
import { LOCK_FILE, STORE_FILE } from './store-directory.ts'

/** The files that SQLite keeps next to a database. */
const SUFFIXES = ['', '-wal', '-shm', '-journal']
/**
 * https://sqlite.org/fileformat.html: the header begins with these bytes and has the application id
 * at offset 68.
 */
const MAGIC = 'SQLite format 3\0'
const HEADER_BYTES = 100
const APPLICATION_ID_OFFSET = 68

/**
 * Whether the file is a database of another program. A damaged store, or a file that is no longer a
 * database, may be removed.
 */
const isForeign = (file: string): boolean => {
  const header = Buffer.alloc(HEADER_BYTES)
  const opened = openSync(file, 'r')
  try {
    readSync(opened, header)
  } finally {
    closeSync(opened)
  }
  return (
    header.toString('latin1', 0, MAGIC.length) === MAGIC &&
    header.readUInt32BE(APPLICATION_ID_OFFSET) !== APPLICATION_ID
  )
}

/**
 * Removes the files of a store, and its directory if it is empty then. The caller must hold the
 * lock and have closed the store. The file of the lock is removed last, so that a process that
 * creates a new lock finds nothing of the old store.
 *
 * Returns the names of the remaining files, which do not belong to the store. Errors:
 * `STORE_UNREADABLE` for a database of another program; `STORE_FAILED`.
 */
export const removeStore = (directory: string): readonly string[] => {
  try {
    const file = join(directory, STORE_FILE)
    if (isForeign(file))
      throw new MillraceError('STORE_UNREADABLE', {
        problem: 'This file is not a store of Millrace',
        value: file,
        fix: 'give the directory of a store',
      })
    for (const name of [STORE_FILE, LOCK_FILE].flatMap((stem) =>
      SUFFIXES.map((suffix) => stem + suffix),
    ))
      rmSync(join(directory, name), { force: true })
    const left = readdirSync(directory)
    if (left.length === 0) rmdirSync(directory)
    return left
  } catch (error) {
    throw storeError(error, directory)
  }
}
