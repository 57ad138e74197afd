/**
 * A store as text: the file of SQLite that a laptop has, row by row. So what is compared and read
 * is all that a version has written, down to the tables.
 */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sqliteItemStore } from '../../../../lib/adapters/local/sqlite-item-store.ts'
import { claimStore } from '../../../../lib/state/store-owner.ts'
import type { ItemKey, ItemStore, KeyedItem } from '../../../../lib/ports/item-store.ts'
import { APP, type World } from '../harness.ts'

const FILE = 'store.sqlite'

/** Partition and sort key, attributes as they are stored, bytes in base64, time to live. */
export type Row = readonly [string, string, string, string | null, number | null]

/** A store that a version of Millrace has written. */
export interface StoreDump {
  /** Numbers and tables, as SQL. */
  readonly schema: readonly string[]
  readonly rows: readonly Row[]
}

/** Works in a directory that is gone afterwards. */
export const inDirectory = async <T>(work: (directory: string) => Promise<T>): Promise<T> => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-store-'))
  try {
    return await work(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

const PRAGMAS = ['application_id', 'user_version']

/** Where something is declared, or threw: not the same on two machines. */
const PLACE = /(?:\w+:\/\/)?\/[^"() ]*store-story\.ts:\d+:\d+/g

const dumpOf = (directory: string): StoreDump => {
  const database = new DatabaseSync(join(directory, FILE))
  try {
    const numbers = PRAGMAS.map((name) => {
      const row = database.prepare(`PRAGMA ${name}`).get() as Record<string, number>
      return `PRAGMA ${name} = ${row[name]}`
    })
    const tables = database.prepare('SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL').all()
    const all = database.prepare('SELECT * FROM items ORDER BY partition, sort').all()
    return {
      schema: [...tables.map(({ sql }) => String(sql).replaceAll(/\s+/g, ' ')), ...numbers],
      rows: all.map(({ partition, sort, attributes, bytes, ttl }) => [
        Buffer.from(partition as Uint8Array).toString(),
        Buffer.from(sort as Uint8Array).toString(),
        (attributes as string).replaceAll(PLACE, '/app/pipeline.ts:1:1'),
        bytes === null ? null : Buffer.from(bytes as Uint8Array).toString('base64'),
        ttl as number | null,
      ]),
    }
  } finally {
    database.close()
  }
}

/** What `partition/sort` may mean: either may have slashes. */
const keysNamed = (name: string): readonly ItemKey[] =>
  Array.from(name.matchAll(/\//g), ({ index }) => ({
    partition: name.slice(0, index),
    sort: name.slice(index + 1),
  })).filter(({ partition, sort }) => partition !== '' && sort !== '')

/** What a world has stored, as the file of a laptop. */
export const dumpWorld = async ({ store, clock }: World): Promise<StoreDump> =>
  inDirectory(async (directory) => {
    const file = sqliteItemStore({ directory, clock })
    await claimStore(file, APP)
    const items: KeyedItem[] = []
    for (const key of store.keys().flatMap(keysNamed)) {
      const item = await store.get(key)
      if (item !== undefined) items.push({ ...key, item })
    }
    await file.putAll(items)
    file.close()
    return dumpOf(directory)
  })

/** Makes the file again, without the code that is tested. */
export const layOut = ({ schema, rows }: StoreDump, directory: string): void => {
  const database = new DatabaseSync(join(directory, FILE))
  for (const sql of ['BEGIN', ...schema]) database.exec(sql)
  const insert = database.prepare('INSERT INTO items VALUES (?, ?, ?, ?, ?)')
  for (const [partition, sort, attributes, bytes, ttl] of rows)
    insert.run(
      Buffer.from(partition),
      Buffer.from(sort),
      attributes,
      bytes === null ? null : Buffer.from(bytes, 'base64'),
      ttl,
    )
  database.exec('COMMIT')
  database.close()
}

/** Copies all items of a store that was laid out. */
export const copyItems = async (
  { rows }: StoreDump,
  from: ItemStore,
  to: ItemStore,
): Promise<void> => {
  for (const [partition, sort] of rows) {
    const item = await from.get({ partition, sort })
    if (item !== undefined) await to.put({ partition, sort }, item)
  }
}

/** One line for each row. */
export const textOf = ({ schema, rows }: StoreDump): string =>
  [...schema, ...rows].map((line) => `${JSON.stringify(line)}\n`).join('')

export const dumpIn = (file: URL): StoreDump => {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  const parsed = lines.map((line) => JSON.parse(line) as string | Row)
  return {
    schema: parsed.filter((line) => typeof line === 'string'),
    rows: parsed.filter((line) => typeof line !== 'string'),
  }
}
