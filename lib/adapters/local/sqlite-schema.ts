import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { MillraceError } from '../../base/errors.ts'
import { storeError } from './sqlite-errors.ts'
import {
  enterStoreDirectory,
  STORE_FILE,
  type StoreDirectory,
  storeNotFound,
} from './store-directory.ts'

/** `Mill` in ASCII: by this the `file` command, and we, know one of our stores. */
export const APPLICATION_ID = 0x4d69_6c6c
const SCHEMA_VERSION = 1

/** Where a store is, and how to wait for it. */
export interface StoreAccess extends StoreDirectory {
  /**
   * How long a write waits for a write of another process before it is `STORE_FAILED`. Default
   * 5,000.
   */
  readonly busyTimeoutMs?: number
}

/** What the write-ahead log shrinks to after a burst. */
const LOG_BYTES_MAX = 64 * 1024 * 1024

// BLOB keys compare byte by byte. WITHOUT ROWID: the items lie in the order of their keys, so that
// a query reads neighbours.
const SCHEMA = `
  CREATE TABLE items (
    partition BLOB NOT NULL,
    sort BLOB NOT NULL,
    attributes TEXT NOT NULL,
    bytes BLOB,
    PRIMARY KEY (partition, sort)
  ) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`

const pragma = (database: DatabaseSync, name: string): number => {
  const row = database.prepare(`PRAGMA ${name}`).get() as Record<string, number>
  return row[name] as number
}

const unreadable = (directory: string, problem: string, fix: string): MillraceError =>
  new MillraceError('STORE_UNREADABLE', { problem, value: join(directory, STORE_FILE), fix })

const isNew = (database: DatabaseSync): boolean =>
  pragma(database, 'application_id') === 0 &&
  database.prepare('SELECT 1 FROM sqlite_schema').get() === undefined

/** Checks that the file is a store of ours, in the format that we read. */
const checkSchema = (database: DatabaseSync, directory: string): void => {
  if (pragma(database, 'application_id') !== APPLICATION_ID) {
    throw unreadable(directory, 'This file is not a store of Millrace', 'give another directory')
  }
  const version = pragma(database, 'user_version')
  if (version === SCHEMA_VERSION) return
  throw unreadable(
    directory,
    `The store has format ${version}, and this version of Millrace reads format ${SCHEMA_VERSION}`,
    version > SCHEMA_VERSION
      ? 'run a newer version of Millrace'
      : 'start again in another directory, or run the version that wrote it',
  )
}

/**
 * Runs the action as one transaction that is there as a whole or not at all, and writes as the only
 * one meanwhile.
 */
export const inTransaction = <T>(database: DatabaseSync, action: () => T): T => {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = action()
    database.exec('COMMIT')
    return result
  } catch (error) {
    // Some errors, a full disk among them, have rolled back already.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

const prepare = (database: DatabaseSync, { directory, create = true }: StoreDirectory): void => {
  const mustMake = isNew(database)
  if (mustMake && !create) throw storeNotFound(directory)
  // Before anything is set: a file of another program must not be changed.
  if (!mustMake) checkSchema(database, directory)
  // Readers in other processes never wait for the writer, nor it for them.
  database.exec('PRAGMA journal_mode = WAL')
  // Without FULL a write-ahead log is synced at checkpoints only: a power cut would lose appends
  // that were acknowledged to their source.
  database.exec('PRAGMA synchronous = FULL')
  database.exec(`PRAGMA journal_size_limit = ${LOG_BYTES_MAX}`)
  if (!mustMake) return
  // Looked at again in the transaction: two processes may open at once.
  inTransaction(database, () => isNew(database) && database.exec(SCHEMA))
  checkSchema(database, directory)
}

/**
 * Opens the database of a store, and makes it if it is missing.
 *
 * Errors: `STORE_NOT_FOUND`, `STORE_UNREADABLE`, `STORE_FULL`, `STORE_FAILED`.
 */
export const openStoreDatabase = (where: StoreAccess): DatabaseSync => {
  enterStoreDirectory(where)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(join(where.directory, STORE_FILE), {
      timeout: where.busyTimeoutMs ?? 5_000,
    })
    prepare(database, where)
    return database
  } catch (error) {
    database?.close()
    throw storeError(error, where.directory)
  }
}
