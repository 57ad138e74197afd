import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { MillraceError } from '../../base/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import {
  DYNAMODB_ITEM_BYTES_MAX,
  type Item,
  itemBytes,
  type ItemKey,
  type ItemStore,
  type KeyedItem,
  type Query,
  type Swap,
} from '../../ports/item-store.ts'
import { matchesSeen, onlyNamed } from '../memory/memory-item-store.ts'
import {
  afterPrefix,
  attributesIn,
  itemOf,
  type ItemRow,
  keyBytes,
  keyText,
  rowOf,
} from './item-row.ts'
import { storeError } from './sqlite-errors.ts'
import { inTransaction, openStoreDatabase, type StoreAccess } from './sqlite-schema.ts'
import { systemClock } from './system-clock.ts'

/** Settings of {@link sqliteItemStore}. */
export interface SqliteItemStoreOptions extends StoreAccess {
  /** The size of the largest item, in bytes. Default: the limit of DynamoDB. */
  readonly itemBytesMax?: number
  /**
   * The largest size of the database on the disk, in bytes; a write beyond it fails with
   * `STORE_FULL`. Default: limited by the disk only.
   */
  readonly sizeBytesMax?: number
  /** Tells which items have expired. Default: the clock of this machine. */
  readonly clock?: Pick<Clock, 'now'>
}

/**
 * Expired items that one write removes beside the items that it writes. So a store in which items
 * expire as fast as they come stays the same, and no write waits for a large cleaning.
 */
const EXPIRED_PER_WRITE = 16
/** Expired items stay for a day, in seconds: the clock of a machine may be ahead for a while. */
const EXPIRED_KEPT_S = 86_400

/** An {@link ItemStore} that keeps a file open. */
export interface SqliteItemStore extends ItemStore {
  /** Closes the file. Later calls reject. */
  close(): void
}

// A range instead of LIKE, because in LIKE % and _ are wildcards and case may be ignored.
const RANGE =
  'FROM items WHERE partition = ? AND sort >= ? AND sort > ' +
  '? AND (?4 IS NULL OR sort < ?4) ORDER BY sort LIMIT ?'
const BACKWARDS =
  'FROM items WHERE partition = ?1 AND (?2 IS NULL OR sort < ?2) ORDER BY sort DESC LIMIT ?3'

const preparedStatements = (database: DatabaseSync) => ({
  get: database.prepare('SELECT attributes, bytes FROM items WHERE partition = ? AND sort = ?'),
  put: database.prepare(
    'INSERT OR REPLACE INTO items (partition, sort, attributes, bytes, ttl) ' +
      'VALUES (?, ?, ?, ?, ?)',
  ),
  expire: database.prepare(
    'DELETE FROM items WHERE (partition, sort) IN ' +
      '(SELECT partition, sort FROM items WHERE ttl < ? ORDER BY ttl LIMIT ?)',
  ),
  remove: database.prepare('DELETE FROM items WHERE partition = ? AND sort = ?'),
  query: database.prepare(`SELECT sort, attributes, bytes ${RANGE}`),
  queryWithoutBytes: database.prepare(`SELECT sort, attributes, NULL AS bytes ${RANGE}`),
  queryBack: database.prepare(`SELECT sort, attributes, bytes ${BACKWARDS}`),
  queryBackWithoutBytes: database.prepare(`SELECT sort, attributes, NULL AS bytes ${BACKWARDS}`),
})

type Statements = Readonly<Record<keyof ReturnType<typeof preparedStatements>, StatementSync>>

const readItem = ({ get }: Statements, { partition, sort }: ItemKey): Item | undefined => {
  const row = get.get(keyBytes(partition), keyBytes(sort)) as ItemRow | undefined
  return row === undefined ? undefined : itemOf(row)
}

const writeItem = ({ put }: Statements, { partition, sort }: ItemKey, item: Item): void => {
  const { attributes, bytes } = rowOf(item)
  const { ttl } = item
  const expiresS = typeof ttl === 'number' ? Math.ceil(ttl) : null
  put.run(keyBytes(partition), keyBytes(sort), attributes, bytes, expiresS)
}

type SortedRow = ItemRow & { readonly sort: Uint8Array }

/** SQLite takes -1 for no limit. */
const limitOf = ({ limit = Infinity }: Query): number => (limit === Infinity ? -1 : limit)

const rowsOnward = (
  { query, queryWithoutBytes }: Statements,
  partition: string,
  { prefix = '', after = '', attributes, ...asked }: Query,
): readonly SortedRow[] => {
  const from = keyBytes(prefix)
  return (attributes === undefined ? query : queryWithoutBytes).all(
    keyBytes(partition),
    from,
    keyBytes(after),
    afterPrefix(from) ?? null,
    limitOf(asked),
  ) as unknown as readonly SortedRow[]
}

const rowsBack = (
  { queryBack, queryBackWithoutBytes }: Statements,
  partition: string,
  { before = '', attributes, ...asked }: Query,
): readonly SortedRow[] =>
  (attributes === undefined ? queryBack : queryBackWithoutBytes).all(
    keyBytes(partition),
    before === '' ? null : keyBytes(before),
    limitOf(asked),
  ) as unknown as readonly SortedRow[]

const queryItems = (statements: Statements, partition: string, asked: Query): KeyedItem[] => {
  const { attributes } = asked
  const rows = asked.isDescending === true ? rowsBack(statements, partition, asked) : undefined
  return (rows ?? rowsOnward(statements, partition, asked)).map((row) => ({
    partition,
    sort: keyText(row.sort),
    item: attributes === undefined ? itemOf(row) : namedIn(statements, partition, row, attributes),
  }))
}

/** The named attributes of a row. Its bytes are read only if one of them needs them. */
const namedIn = (
  { get }: Statements,
  partition: string,
  { sort, attributes }: { readonly sort: Uint8Array; readonly attributes: string },
  names: readonly string[],
): Item => {
  const named = attributesIn(attributes).filter(([name]) => names.includes(name))
  if (named.every(([, value]) => typeof value !== 'object'))
    return Object.fromEntries(named) as Item
  const whole = get.get(keyBytes(partition), sort) as ItemRow | undefined
  return whole === undefined ? {} : onlyNamed(itemOf(whole), names)
}

/** Errors: `ITEM_TOO_LARGE`. */
const checkSize = (key: ItemKey, item: Item, itemBytesMax: number): void => {
  const size = itemBytes(key, item)
  if (size <= itemBytesMax) return
  const { partition, sort } = key
  throw new MillraceError('ITEM_TOO_LARGE', {
    problem: `An item of ${size} bytes is too large to store`,
    value: { partition, sort },
    allowed: `${itemBytesMax} bytes`,
  })
}

/**
 * An {@link ItemStore} in one SQLite file. Acknowledged writes survive the end of the process and a
 * power failure. Each call is one transaction. A write also removes a few items that expired more
 * than a day ago. Several processes may read and write at the same time; a process that runs
 * batches also takes {@link lockStore}.
 *
 * Errors when it opens: `STORE_NOT_FOUND` (with `create: false`), `STORE_UNREADABLE`, `STORE_FULL`,
 * `STORE_FAILED`.
 *
 * @example
 * ```ts
 * const store = sqliteItemStore({ directory: '.millrace/word-count' })
 * await store.put({ partition: 'a', sort: '1' }, { n: 1 })
 * store.close()
 * ```
 */
export const sqliteItemStore = (options: SqliteItemStoreOptions): SqliteItemStore => {
  const { directory, itemBytesMax = DYNAMODB_ITEM_BYTES_MAX, sizeBytesMax } = options
  const { clock = systemClock() } = options
  const database = openStoreDatabase(options)
  if (sizeBytesMax !== undefined) limitSize(database, sizeBytesMax)
  const statements: Statements = preparedStatements(database)

  const runGuarded = <T>(action: () => T): T => {
    try {
      return action()
    } catch (error) {
      throw storeError(error, directory)
    }
  }
  // Cleaning comes first: in a full store it makes room for the write.
  const transaction = <T>(writes: number, action: () => T): T =>
    runGuarded(() =>
      inTransaction(database, () => {
        const beforeS = Math.floor(clock.now() / 1_000) - EXPIRED_KEPT_S
        statements.expire.run(beforeS, EXPIRED_PER_WRITE + writes)
        return action()
      }),
    )

  return {
    itemBytesMax,
    get: async (key: ItemKey): Promise<Item | undefined> =>
      runGuarded(() => readItem(statements, key)),
    query: async (partition: string, query: Query = {}): Promise<readonly KeyedItem[]> =>
      runGuarded(() => queryItems(statements, partition, query)),
    async compareAndSet(key: ItemKey, seen: Item | 'absent', next: Item): Promise<Swap> {
      checkSize(key, next, itemBytesMax)
      return transaction(1, () => {
        const current = readItem(statements, key)
        if (!matchesSeen(current, seen)) return { swapped: false, current }
        writeItem(statements, key, next)
        return { swapped: true }
      })
    },
    async put(key: ItemKey, item: Item): Promise<void> {
      checkSize(key, item, itemBytesMax)
      transaction(1, () => writeItem(statements, key, item))
    },
    async putAll(items: readonly KeyedItem[]): Promise<void> {
      for (const keyed of items) checkSize(keyed, keyed.item, itemBytesMax)
      transaction(items.length, () => {
        for (const keyed of items) writeItem(statements, keyed, keyed.item)
      })
    },
    async deleteAll(keys: readonly ItemKey[]): Promise<void> {
      transaction(0, () => {
        for (const { partition, sort } of keys)
          statements.remove.run(keyBytes(partition), keyBytes(sort))
      })
    },
    close: () => database.close(),
  }
}

const limitSize = (database: DatabaseSync, sizeBytesMax: number): void => {
  const { page_size: pageBytes } = database.prepare('PRAGMA page_size').get() as {
    page_size: number
  }
  database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(sizeBytesMax / pageBytes))}`)
}
