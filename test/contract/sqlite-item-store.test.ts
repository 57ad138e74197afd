import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isDiskFull } from '../../lib/adapters/local/sqlite-errors.ts'
import {
  type SqliteItemStore,
  sqliteItemStore,
  type SqliteItemStoreOptions,
} from '../../lib/adapters/local/sqlite-item-store.ts'
import { lockStore } from '../../lib/adapters/local/store-lock.ts'
import { startChild } from './child.ts'
import { errorOf, expectError } from './errors.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const opened = (options: SqliteItemStoreOptions): SqliteItemStore => {
  const store = sqliteItemStore(options)
  onTestFinished(() => store.close())
  return store
}

const databaseIn = (directory: string): DatabaseSync =>
  new DatabaseSync(join(directory, 'store.sqlite'), { timeout: 0 })

/** Runs statements on the file behind the store's back. */
const tamper = (directory: string, sql: string): void => {
  const database = databaseIn(directory)
  database.exec(sql)
  database.close()
}

const key = { partition: 'p', sort: 's' }

describe('opening', () => {
  test('makes the directory and those above it', async () => {
    const directory = join(temporaryDirectory(), 'a', 'b')
    await opened({ directory }).put(key, { n: 1 })
    expect(readdirSync(directory)).toContain('store.sqlite')
  })

  test('only its owner may enter a new directory, or read the files in it', async () => {
    const mask = process.umask(0o022)
    onTestFinished(() => void process.umask(mask))
    const directory = join(temporaryDirectory(), 'a', 'b')
    const lock = lockStore(directory)
    onTestFinished(() => lock.release())
    await opened({ directory }).put(key, { n: 1 })
    const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)
    const names = readdirSync(directory)
    expect(names).toEqual(expect.arrayContaining(['lock.sqlite', 'store.sqlite-wal']))
    expect([modeOf(directory), modeOf(join(directory, '..'))]).toEqual(['700', '700'])
    expect(names.map((name) => [name, modeOf(join(directory, name))])).toEqual(
      names.map((name) => [name, '600']),
    )
  })

  test('a directory that exists keeps its mode, and files in it are for the owner', async () => {
    const directory = temporaryDirectory()
    chmodSync(directory, 0o755)
    await opened({ directory }).put(key, { n: 1 })
    expect(statSync(directory).mode & 0o777).toBe(0o755)
    expect(statSync(join(directory, 'store.sqlite')).mode & 0o777).toBe(0o600)
  })

  test('opening a store again does not release its lock', async () => {
    const directory = temporaryDirectory()
    const lock = lockStore(directory)
    onTestFinished(() => lock.release())
    for (let time = 1; time <= 2; time += 1)
      expect((await errorOf(() => lockStore(directory))).code).toBe('STORE_BUSY')
  })

  test('what was written is there after closing', async () => {
    const directory = temporaryDirectory()
    const store = sqliteItemStore({ directory })
    await store.put(key, { n: 1, bytes: Uint8Array.of(1) })
    store.close()
    expect(await opened({ directory }).get(key)).toEqual({ n: 1, bytes: Uint8Array.of(1) })
  })

  test('makes nothing where it may not', async () => {
    const root = temporaryDirectory()
    await expectError(
      () => sqliteItemStore({ directory: join(root, 'none'), create: false }),
      'STORE_NOT_FOUND',
    )
    await expectError(() => lockStore(join(root, 'none'), { create: false }), 'STORE_NOT_FOUND')
    expect(existsSync(join(root, 'none'))).toBe(false)
    await expectError(() => sqliteItemStore({ directory: root, create: false }), 'STORE_NOT_FOUND')
    expect(readdirSync(root)).toEqual([])
    writeFileSync(join(root, 'store.sqlite'), '')
    await expectError(() => sqliteItemStore({ directory: root, create: false }), 'STORE_NOT_FOUND')
  })

  test('opens what is there without making it', async () => {
    const directory = temporaryDirectory()
    await opened({ directory }).put(key, { n: 1 })
    expect(await opened({ directory, create: false }).get(key)).toEqual({ n: 1 })
  })

  test.each<[string, (directory: string) => void]>([
    [
      'no database',
      (directory) => writeFileSync(join(directory, 'store.sqlite'), 'x'.repeat(10_000)),
    ],
    ['a database of another program', (directory) => tamper(directory, 'CREATE TABLE other (x)')],
    [
      'a database that another program has marked',
      (directory) => tamper(directory, 'PRAGMA application_id = 7; CREATE TABLE items (x)'),
    ],
    [
      'a newer format',
      (directory) => (
        sqliteItemStore({ directory }).close(),
        tamper(directory, 'PRAGMA user_version = 99')
      ),
    ],
  ])('refuses %s', async (_, prepare) => {
    const directory = temporaryDirectory()
    prepare(directory)
    const before = readFileSync(join(directory, 'store.sqlite'))
    await expectError(() => sqliteItemStore({ directory }), 'STORE_UNREADABLE')
    expect(readFileSync(join(directory, 'store.sqlite')).equals(before)).toBe(true)
    expect(readdirSync(directory)).toEqual(['store.sqlite'])
  })

  test('a file where the directory should be is no store', async () => {
    const path = join(temporaryDirectory(), 'file')
    writeFileSync(path, '')
    expect((await errorOf(() => sqliteItemStore({ directory: path }))).code).toBe('STORE_FAILED')
  })
})

describe('names that are no well-formed text', () => {
  const sorts = [
    '\ud800',
    '\ud800a',
    '\udbff\ud800',
    '\udc00',
    '\udfff',
    '\ufffd',
    'a\ud83d',
    'a\udc00\ud83d\ude00\ud83d',
    'a😀',
  ]

  test('stay apart, and come back as they were', async () => {
    const store = opened({ directory: temporaryDirectory() })
    await store.putAll(
      sorts.map((sort) => ({ partition: 'p\ud800', sort, item: { [sort]: sort } })),
    )
    expect(await store.query('p\ufffd')).toEqual([])
    const found = await store.query('p\ud800')
    expect(new Set(found.map(({ sort }) => sort))).toEqual(new Set(sorts))
    for (const { sort, item } of found) expect(item).toEqual({ [sort]: sort })
    for (const sort of sorts)
      expect(await store.get({ partition: 'p\ud800', sort })).toEqual({ [sort]: sort })
    await store.deleteAll([{ partition: 'p\ud800', sort: '\ud800' }])
    expect(await store.query('p\ud800')).toHaveLength(sorts.length - 1)
  })
})

describe('errors', () => {
  test('a full store refuses, keeps what it has, and takes again what fits', async () => {
    const directory = temporaryDirectory()
    const store = opened({ directory, sizeBytesMax: 200_000 })
    const items = Array.from({ length: 100 }, (_, index) => ({
      partition: 'p',
      sort: `${index}`,
      item: { text: 'x'.repeat(10_000) },
    }))
    await store.putAll(items.slice(0, 5))
    await expectError(() => store.putAll(items), 'STORE_FULL')
    expect(await store.query('p')).toEqual(items.slice(0, 5))
    await expectError(
      () => store.compareAndSet({ partition: 'p', sort: '0' }, {}, { text: 'y'.repeat(300_000) }),
      'STORE_FULL',
    )
    await store.deleteAll(items)
    await store.putAll(items.slice(0, 5))
    expect(await store.query('p')).toHaveLength(5)
  })

  test('a full disk is known by the error of the file system', async (context) => {
    if (!existsSync('/dev/full')) return context.skip('this system has no /dev/full')
    expect(await writeFile('/dev/full', 'x').catch(isDiskFull)).toBe(true)
  })

  test('while another process writes, a write fails for now, and reads go on', async () => {
    const directory = temporaryDirectory()
    const store = opened({ directory, busyTimeoutMs: 0 })
    await store.put(key, { n: 1 })
    const database = databaseIn(directory)
    database.exec('BEGIN IMMEDIATE')
    await expectError(() => store.put(key, { n: 2 }), 'STORE_FAILED', true)
    await expectError(() => store.compareAndSet(key, 'absent', { n: 2 }), 'STORE_FAILED', true)
    expect(await store.get(key)).toEqual({ n: 1 })
    database.close()
    await store.put(key, { n: 2 })
    expect(await store.get(key)).toEqual({ n: 2 })
  })

  test('after closing, calls reject', async () => {
    const store = sqliteItemStore({ directory: temporaryDirectory() })
    store.close()
    for (const call of [() => store.get(key), () => store.put(key, {}), () => store.query('p')]) {
      expect((await errorOf(call)).code).toBe('STORE_FAILED')
    }
  })

  test('a number that JSON would lose is refused', async () => {
    const store = opened({ directory: temporaryDirectory() })
    for (const n of [Number.NaN, Infinity])
      await expectError(() => store.put(key, { n }), 'ARGUMENT_INVALID')
    expect(await store.get(key)).toBeUndefined()
  })
})

describe('items that expire', () => {
  const DAY_S = 86_400
  const NOW_S = 1_700_000_000

  const keeping = async (): Promise<{ store: SqliteItemStore; count: Count }> => {
    const clock = { now: () => NOW_S * 1_000 }
    const store = opened({ directory: temporaryDirectory(), clock })
    const items = [
      ['expired two days ago', { ttl: NOW_S - 2 * DAY_S }],
      ['expired an hour ago', { ttl: NOW_S - 3_600 }],
      ['expires tomorrow', { ttl: NOW_S + DAY_S }],
      ['never expires', { n: 1 }],
      ['has a ttl that is no time', { ttl: '1' }],
    ] as const
    await store.putAll(items.map(([sort, item]) => ({ partition: 'p', sort, item })))
    return {
      store,
      count: async () => (await store.query('p')).map(({ sort }) => sort),
    }
  }

  type Count = () => Promise<readonly string[]>
  const others = ['expires tomorrow', 'has a ttl that is no time', 'never expires']

  test.each<[string, (store: SqliteItemStore) => Promise<unknown>]>([
    ['put', (store) => store.put(key, { n: 1 })],
    ['putAll', (store) => store.putAll([{ ...key, partition: 'q', item: { n: 1 } }])],
    ['compareAndSet', (store) => store.compareAndSet(key, 'absent', { n: 1 })],
    ['deleteAll', (store) => store.deleteAll([key])],
  ])('%s removes what expired more than a day ago, and nothing else', async (_, write) => {
    const { store, count } = await keeping()
    expect(await count()).toEqual(['expired an hour ago', 'expired two days ago', ...others])
    await write(store)
    expect((await count()).filter((sort) => sort !== key.sort)).toEqual([
      'expired an hour ago',
      ...others,
    ])
  })

  test('an item that is written again lives as long as it says then', async () => {
    const { store, count } = await keeping()
    await store.putAll([
      { partition: 'p', sort: 'expired an hour ago', item: { n: 1 } },
      { partition: 'p', sort: 'never expires', item: { ttl: NOW_S - 2 * DAY_S } },
    ])
    await store.put(key, { n: 1 })
    expect(await count()).toEqual(['expired an hour ago', ...others.slice(0, 2), key.sort])
  })

  test('a write removes a few, and a store in which items only pass does not grow', async () => {
    const time = { nowS: NOW_S }
    const store = opened({
      directory: temporaryDirectory(),
      clock: { now: () => time.nowS * 1_000 },
    })
    const size = async (): Promise<number> => (await store.query('p')).length
    const passing = (from: number, count: number): Promise<void> =>
      store.putAll(
        Array.from({ length: count }, (_, index) => ({
          partition: 'p',
          sort: String(from + index),
          item: { ttl: time.nowS },
        })),
      )
    await passing(0, 1_000)
    time.nowS += 2 * DAY_S
    await store.put({ partition: 'q', sort: 's' }, { n: 1 })
    expect(await size()).toBe(983)
    const sizes: number[] = []
    for (let day = 0; day < 20; day++) {
      await passing(1_000 + day * 100, 100)
      time.nowS += 2 * DAY_S
      sizes.push(await size())
    }
    expect(Math.max(...sizes.slice(1))).toBeLessThan(1_000)
    expect(sizes.at(-1)).toBeLessThan(750)
  })
})

describe('other processes', () => {
  test('what was acknowledged before a kill is there, without gaps', async () => {
    const directory = temporaryDirectory()
    const child = startChild('append-items', directory)
    for (let line = 0; line < 20; line++) await child.nextLine()
    const rest = await child.kill()
    const numbers = (await opened({ directory }).query('numbers')).map(({ item }) => item['number'])
    expect(numbers.length).toBeGreaterThanOrEqual(20 + rest.length)
    expect(numbers).toEqual(numbers.map((_, index) => index))
  })

  test('they may read and write while one runs', async () => {
    const directory = temporaryDirectory()
    const child = startChild('append-items', directory)
    await child.nextLine()
    const store = opened({ directory, create: false })
    await store.put(key, { n: 1 })
    await child.nextLine()
    expect((await store.query('numbers')).length).toBeGreaterThan(0)
    expect(await store.get(key)).toEqual({ n: 1 })
  })
})
