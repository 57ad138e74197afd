import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { MillraceError } from '../../base/errors.ts'
import { storeError } from './sqlite-errors.ts'
import {
  enterStoreDirectory,
  makeOwnFile,
  STORE_FILE,
  type StoreDirectory,
  storeNotFound,
} from './store-directory.ts'

/** `Mill` in ASCII. It identifies a store of Millrace, for this code and for the `file` command. */
export const APPLICATION_ID = 0x4d69_6c6c
const SCHEMA_VERSION = 2

/** Where a store is, and how long to wait for it. */
export interface StoreAccess extends StoreDirectory {
  /**
   * How long a write waits for a write of another process, in milliseconds, before it fails with
   * `STORE_FAILED`. Default 5,000.
   */
  readonly busyTimeoutMs?: number
}

/** The size to which the write-ahead log shrinks after many writes. */
const LOG_BYTES_MAX = 64 * 1024 * 1024

// BLOB keys are compared byte by byte. WITHOUT ROWID stores items in the order of their keys, so
// that a query reads adjacent rows. The index holds only the few items that expire.
const SCHEMA = `
  CREATE TABLE items (
    partition BLOB NOT NULL,
    sort BLOB NOT NULL,
    attributes TEXT NOT NULL,
    bytes BLOB,
    ttl INTEGER,
    PRIMARY KEY (partition, sort)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX expiring ON items (ttl) WHERE ttl IS NOT NULL;
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

/** Checks that the file is a store of Millrace, in the format that this version reads. */
const checkSchema = (database: DatabaseSync, directory: string): void => {
  if (pragma(database, 'application_id') !== APPLICATION_ID) {
    throw unreadable(directory, 'This file is not a store of Millrace', 'use another directory')
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
 * Runs the action as one transaction: all of it is stored, or nothing. No other process writes
 * during it.
 */
export const inTransaction = <T>(database: DatabaseSync, action: () => T): T => {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = action()
    database.exec('COMMIT')
    return result
  } catch (error) {
    // Some errors, for example a full disk, have already rolled the transaction back.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

const prepare = (database: DatabaseSync, { directory, create = true }: StoreDirectory): void => {
  const mustMake = isNew(database)
  if (mustMake && !create) throw storeNotFound(directory)
  // This comes before any setting is changed: a file of another program must stay unchanged.
  if (!mustMake) checkSchema(database, directory)
  // Readers in other processes never wait for the writer, and the writer never waits for them.
  database.exec('PRAGMA journal_mode = WAL')
  // Without FULL, a write-ahead log is synced only at checkpoints. Then a power failure would lose
  // writes that were already acknowledged to their source.
  database.exec('PRAGMA synchronous = FULL')
  database.exec(`PRAGMA journal_size_limit = ${LOG_BYTES_MAX}`)
  if (!mustMake) return
  // Checked again in the transaction, because two processes may open the store at the same time.
  inTransaction(database, () => isNew(database) && database.exec(SCHEMA))
  checkSchema(database, directory)
}

/**
 * Opens the database of a store, and creates it if it is missing.
 *
 * Errors: `STORE_NOT_FOUND`, `STORE_UNREADABLE`, `STORE_FULL`, `STORE_FAILED`.
 */
export const openStoreDatabase = (where: StoreAccess): DatabaseSync => {
  enterStoreDirectory(where)
  let database: DatabaseSync | undefined
  try {
    const file = join(where.directory, STORE_FILE)
    makeOwnFile(file)
    database = new DatabaseSync(file, {
      timeout: where.busyTimeoutMs ?? 5_000,
    })
    prepare(database, where)
    return database
  } catch (error) {
    database?.close()
    throw storeError(error, where.directory)
  }
}
