import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { sqliteItemStore } from '../../lib/adapters/local/sqlite-item-store.ts'
import { lockStore } from '../../lib/adapters/local/store-lock.ts'
import { startChild } from './child.ts'
import { errorOf, expectError } from './errors.ts'
import { temporaryDirectory } from './temporary-directory.ts'

test('one process takes it once', async () => {
  const directory = join(temporaryDirectory(), 'made')
  const lock = lockStore(directory)
  const error = await errorOf(() => lockStore(directory))
  expect(error.code).toBe('STORE_BUSY')
  expect(error.message).toContain(directory)
  expect(error.message).toContain('fix:')
  lock.release()
  lock.release()
  lockStore(directory).release()
})

test('stores in other directories have other locks', () => {
  for (let count = 0; count < 3; count++) {
    const lock = lockStore(temporaryDirectory())
    onTestFinished(() => lock.release())
  }
})

test('another process cannot take it, and it is free when that one is killed', async () => {
  const directory = temporaryDirectory()
  const child = startChild('hold-lock', directory)
  expect(await child.nextLine()).toBe('locked')
  await expectError(() => lockStore(directory), 'STORE_BUSY')
  await child.kill()
  lockStore(directory).release()
})

test('it does not keep others from the items', async () => {
  const directory = temporaryDirectory()
  const lock = lockStore(directory)
  const store = sqliteItemStore({ directory })
  onTestFinished(() => (lock.release(), store.close()))
  await store.put({ partition: 'p', sort: 's' }, { n: 1 })
  expect(await store.get({ partition: 'p', sort: 's' })).toEqual({ n: 1 })
})
