import { appendFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { DirectoryListing, type Stability } from '../../lib/adapters/local/directory-listing.ts'
import { temporaryDirectory } from './temporary-directory.ts'

/** A directory with files, and a listing that counts what it asks for. */
const bed = (stability: Stability) => {
  const path = temporaryDirectory()
  let asked = 0
  const listing = new DirectoryListing({
    path,
    isWatched: () => true,
    statusOf: async ({ name }) => {
      asked += 1
      return lstat(join(path, name)).catch(() => undefined)
    },
    failed: (error) => {
      throw error
    },
    stability,
  })
  return {
    names: async () => (await listing.list()).map(({ key }) => key).toSorted(),
    moving: () => listing.moving,
    aheadMs: () => listing.aheadMs,
    sizeOf: async (name: string) =>
      (await listing.list()).find(({ key }) => key === name)?.sizeBytes,
    asked: () => {
      const count = asked
      asked = 0
      return count
    },
    write: (name: string, text = `${name}\n`) => writeFileSync(join(path, name), text),
    append: (name: string) => appendFileSync(join(path, name), 'more\n'),
    remove: (name: string) => rmSync(join(path, name)),
    age: (name: string, bySeconds: number) => {
      const time = Date.now() / 1_000 - bySeconds
      utimesSync(join(path, name), time, time)
    },
  }
}

describe('a file that is still being written', () => {
  test('waits until it has stayed the same', async () => {
    const { names, moving, write, append } = bed({ forMs: 1_000 })
    write('a')
    expect([await names(), moving()]).toEqual([[], ['a']])
    await sleep(600)
    append('a')
    expect(await names()).toEqual([])
    await sleep(500)
    expect([await names(), moving()]).toEqual([[], ['a']])
    await sleep(1_000)
    expect([await names(), moving()]).toEqual([['a'], []])
    append('a')
    expect(await names()).toEqual([])
  })

  test.each<[string, Stability, number, readonly string[]]>([
    ['with an older time is there at once', { forMs: 5_000 }, 6, ['a']],
    ['with a time in the future is looked at twice', { forMs: 5_000 }, -60, []],
    ['counts at once, as in Spark, with 0', { forMs: 0 }, 0, ['a']],
  ])('one %s', async (_, stability, ageS, expected) => {
    const { names, write, age } = bed(stability)
    write('a')
    age('a', ageS)
    expect(await names()).toEqual(expected)
  })

  test('is waited for by a run that lists once, for a moment', async () => {
    const { names, moving, write, append } = bed({ forMs: 10_000, isAwaited: true })
    write('copied')
    write('grows')
    const writing = setInterval(() => append('grows'), 20)
    onTestFinished(() => clearInterval(writing))
    expect([await names(), moving()]).toEqual([['copied'], ['grows']])
  })
})

describe('a directory with 5,000 files', () => {
  const filled = () => {
    const made = bed({ forMs: 0 })
    for (let i = 0; i < 5_000; i++) made.write(`file-${i}`)
    return made
  }

  test('is not asked for all of them again', async () => {
    const { names, asked } = filled()
    expect(await names()).toHaveLength(5_000)
    expect(asked()).toBeGreaterThanOrEqual(5_000)
    for (let i = 0; i < 20; i++) await names()
    // Some are looked at in turn, twice a second.
    expect(asked()).toBeLessThan(20 * 500)
  })

  test('new files are found, and removed ones are gone, at once', async () => {
    const { names, write, remove } = filled()
    await names()
    write('new')
    remove('file-7')
    const found = await names()
    expect([found.includes('new'), found.includes('file-7')]).toEqual([true, false])
  })

  test('a file that is written again is found', async () => {
    const { sizeOf, append } = filled()
    const before = (await sizeOf('file-4999')) as number
    append('file-4999')
    await expect.poll(() => sizeOf('file-4999'), { timeout: 10_000 }).toBe(before + 5)
  })
})

test('files of a disk whose clock is ahead show by how much', async () => {
  const files = bed({ forMs: 0 })
  files.write('a')
  await files.names()
  expect(files.aheadMs()).toBe(0)
  // The clock of this machine goes back, and that of the disk does not.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 60_000 })
  onTestFinished(() => void vi.useRealTimers())
  files.write('b')
  await files.names()
  expect(files.aheadMs()).toBeGreaterThan(59_000)
  expect(files.aheadMs()).toBeLessThan(70_000)
})
