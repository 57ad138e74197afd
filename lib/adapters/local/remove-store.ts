import { closeSync, openSync, readdirSync, readSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { MillraceError } from '../../base/errors.ts'
import { storeError } from './sqlite-errors.ts'
import { APPLICATION_ID } from './sqlite-schema.ts'
import { LOCK_FILE, STORE_FILE } from './store-directory.ts'

/** SQLite keeps these beside a database. */
const SUFFIXES = ['', '-wal', '-shm', '-journal']
/**
 * https://sqlite.org/fileformat.html: the header begins with these bytes, and has the application
 * id at offset 68.
 */
const MAGIC = 'SQLite format 3\0'
const HEADER_BYTES = 100
const APPLICATION_ID_OFFSET = 68

/**
 * A database of another program. One of ours that is damaged, or a file that is no database any
 * more, may go.
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
 * Removes the files of a store, and its directory if nothing else is in it. For the holder of the
 * lock, with the store closed. The lock's file goes last, so that whoever makes a new one finds
 * nothing of the old store.
 *
 * Gives the names of what is left, which is not of the store. Errors: `STORE_UNREADABLE` for a
 * database of another program; `STORE_FAILED`.
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
