import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { localDirectories } from '../../lib/adapters/local/local-directories.ts'
import { localDirectory } from '../../lib/adapters/local/local-directory.ts'
import type { ObjectSource } from '../../lib/ports/object-source.ts'
import { memoryObjects } from '../../lib/adapters/memory/memory-objects.ts'
import { expectError } from './errors.ts'
import { objectSourceContract } from './object-source.contract.ts'
import { temporaryDirectory } from './temporary-directory.ts'

objectSourceContract('memory', async () => {
  const source = memoryObjects()
  return {
    source,
    async write(key, bytes, modifiedMs) {
      source.write(key, bytes, modifiedMs)
      return modifiedMs
    },
    remove: async (key) => source.remove(key),
    removePlace: undefined,
  }
})

objectSourceContract('directory', async () => {
  const path = temporaryDirectory()
  return {
    source: localDirectory({ path, warn: (message) => expect.fail(message) }),
    async write(key, bytes, modifiedMs) {
      await writeFile(join(path, key), bytes)
      await utimes(join(path, key), modifiedMs / 1_000, modifiedMs / 1_000)
      return modifiedMs
    },
    remove: (key) => rm(join(path, key)),
    removePlace: () => rm(path, { recursive: true }),
  }
})

/**
 * A source below one of several directories, as if it were alone: the contract knows no keys with
 * slashes.
 */
const below = (source: ObjectSource, directory: string): ObjectSource => ({
  description: source.description,
  list: async () =>
    (await source.list()).map((summary) => ({
      ...summary,
      key: summary.key.slice(directory.length + 1),
    })),
  read: (summary) => source.read({ ...summary, key: `${directory}/${summary.key}` }),
})

objectSourceContract('memory, directories by a pattern', async () => {
  const source = memoryObjects({ path: 'logs/app-*' })
  return {
    source: below(source, 'app-1'),
    async write(key, bytes, modifiedMs) {
      source.write(`app-1/${key}`, bytes, modifiedMs)
      return modifiedMs
    },
    remove: async (key) => source.remove(`app-1/${key}`),
    removePlace: undefined,
  }
})

objectSourceContract('directories by a pattern', async () => {
  const path = temporaryDirectory()
  const directory = join(path, 'app-1')
  await mkdir(directory)
  return {
    source: below(
      localDirectories({ path: join(path, 'app-*'), warn: (message) => expect.fail(message) }),
      'app-1',
    ),
    async write(key, bytes, modifiedMs) {
      await writeFile(join(directory, key), bytes)
      await utimes(join(directory, key), modifiedMs / 1_000, modifiedMs / 1_000)
      return modifiedMs
    },
    remove: (key) => rm(join(directory, key)),
    removePlace: () => rm(path, { recursive: true }),
  }
})

describe('directories by a pattern', () => {
  const FILES = [
    'file',
    'a/file',
    'ab/file',
    'b/file',
    'b/c/file',
    '.a/file',
    '_a/file',
    'a/.file',
    '2026-11/logs/file',
    '2026-12/logs/file',
  ]

  /** The same files, in directories and in memory. */
  const both = (pattern: string): readonly ObjectSource[] => {
    const root = temporaryDirectory()
    const memory = memoryObjects({ path: `${root}/${pattern}` })
    for (const file of FILES) {
      mkdirSync(join(root, file, '..'), { recursive: true })
      writeFileSync(join(root, file), file)
      memory.write(file, Buffer.from(file), 0)
    }
    return [
      localDirectories({ path: `${root}/${pattern}`, warn: (message) => expect.fail(message) }),
      memory,
    ]
  }

  test.each([
    ['*', ['a/file', 'ab/file', 'b/file']],
    ['*/', ['a/file', 'ab/file', 'b/file']],
    ['?', ['a/file', 'b/file']],
    ['a*', ['a/file', 'ab/file']],
    ['[bc]', ['b/file']],
    ['[^b]', ['a/file']],
    ['{a,b}', ['a/file', 'b/file']],
    ['*/*', ['2026-11/logs/file', '2026-12/logs/file', 'b/c/file']],
    ['2026-*/logs', ['2026-11/logs/file', '2026-12/logs/file']],
    ['.*', ['.a/file']],
    ['_*', ['_a/file']],
    ['file*', []],
    ['none*', []],
    ['**', ['a/file', 'ab/file', 'b/file']],
  ])('%s', async (pattern, expected) => {
    for (const source of both(pattern)) {
      const listed = await source.list()
      expect(listed.map(({ key }) => key).toSorted()).toEqual(expected)
      for (const summary of listed)
        expect(await source.read(summary)).toEqual({
          found: true,
          bytes: Uint8Array.from(Buffer.from(summary.key)),
        })
    }
  })

  test('a directory that is moved in is watched; one that is moved out is not', async () => {
    const root = temporaryDirectory()
    for (const name of ['made/sub', 'watched']) mkdirSync(join(root, name), { recursive: true })
    writeFileSync(join(root, 'made/sub/a'), 'x')
    const source = localDirectories({
      path: join(root, 'watched/s*'),
      warn: (message) => expect.fail(message),
    })
    expect(await source.list()).toEqual([])
    renameSync(join(root, 'made/sub'), join(root, 'watched/sub'))
    const [summary] = await source.list()
    expect(summary).toMatchObject({ key: 'sub/a' })
    rmSync(join(root, 'watched/sub'), { recursive: true })
    expect(await source.list()).toEqual([])
    expect(await source.read(summary!)).toEqual({ found: false, gone: 'missing' })
    rmSync(join(root, 'watched'), { recursive: true })
    await expectError(() => source.list(), 'DIRECTORY_MISSING', true)
  })

  test('a link to a directory is one', async () => {
    const root = temporaryDirectory()
    mkdirSync(join(root, 'a'))
    writeFileSync(join(root, 'a/file'), 'x')
    symlinkSync(join(root, 'a'), join(root, 'b'))
    const source = localDirectories({
      path: join(root, 'b*'),
      warn: (message) => expect.fail(message),
    })
    expect((await source.list()).map(({ key }) => key)).toEqual(['b/file'])
  })

  test.each(['../outside', '.', '..', 'a/../../outside', 'a/b/file', ''])(
    'the key %j is none of its files',
    async (key) => {
      for (const pattern of ['*', '.*', '*/*'])
        for (const source of both(pattern))
          expect((await source.read({ key, modifiedMs: 0, sizeBytes: 0 })).found).toBe(false)
    },
  )
})

describe('a directory', () => {
  test('shows files and links to files, and nothing else', async () => {
    const path = temporaryDirectory()
    mkdirSync(join(path, 'directory'))
    writeFileSync(join(path, 'directory', 'below'), 'x')
    writeFileSync(join(path, 'file'), 'x')
    symlinkSync(join(path, 'file'), join(path, 'link'))
    symlinkSync(join(path, 'directory'), join(path, 'link to directory'))
    symlinkSync(join(path, 'nothing'), join(path, 'link to nothing'))
    const source = localDirectory({ path, warn: (message) => expect.fail(message) })
    expect((await source.list()).map(({ key }) => key).toSorted()).toEqual(['file', 'link'])
  })

  test('a directory in the place of a file is no file', async () => {
    const path = temporaryDirectory()
    mkdirSync(join(path, 'a'))
    const source = localDirectory({ path, warn: () => undefined })
    expect(await source.read({ key: 'a', modifiedMs: 0, sizeBytes: 0 })).toEqual({
      found: false,
      gone: 'replaced',
    })
  })

  test('an entry that cannot be looked at is left out, and said once', async () => {
    const path = temporaryDirectory()
    symlinkSync('loop', join(path, 'loop'))
    writeFileSync(join(path, 'file'), 'x')
    const warnings: string[] = []
    const source = localDirectory({ path, warn: (message) => void warnings.push(message) })
    for (let time = 1; time <= 2; time++)
      expect((await source.list()).map(({ key }) => key)).toEqual(['file'])
    expect(warnings).toEqual([expect.stringContaining(join(path, 'loop'))])
    await expectError(
      () => source.read({ key: 'loop', modifiedMs: 0, sizeBytes: 0 }),
      'OBJECT_UNREADABLE',
      true,
    )
  })

  test('a place that is no directory', async () => {
    const root = temporaryDirectory()
    writeFileSync(join(root, 'file'), 'x')
    symlinkSync('loop', join(root, 'loop'))
    const source = (name: string) =>
      localDirectory({ path: join(root, name), warn: () => undefined })
    await expectError(() => source('file').list(), 'DIRECTORY_MISSING', true)
    await expectError(
      () => source('file').read({ key: 'a', modifiedMs: 0, sizeBytes: 0 }),
      'DIRECTORY_MISSING',
      true,
    )
    await expectError(() => source('loop').list(), 'OBJECT_UNREADABLE', true)
  })

  test('shows what comes into a directory that comes later', async () => {
    const path = join(temporaryDirectory(), 'later')
    const source = localDirectory({ path, warn: () => undefined })
    await expectError(() => source.list(), 'DIRECTORY_MISSING', true)
    mkdirSync(path)
    writeFileSync(join(path, 'a'), 'x')
    expect((await source.list()).map(({ key }) => key)).toEqual(['a'])
  })
})
