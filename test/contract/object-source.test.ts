import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { localDirectory } from '../../lib/adapters/local/local-directory.ts'
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
    expect(await source.read({ key: 'a', modifiedMs: 0, sizeBytes: 0 })).toEqual({ found: false, gone: 'replaced' })
  })

  test('an entry that cannot be looked at is left out, and said once', async () => {
    const path = temporaryDirectory()
    symlinkSync('loop', join(path, 'loop'))
    writeFileSync(join(path, 'file'), 'x')
    const warnings: string[] = []
    const source = localDirectory({ path, warn: (message) => void warnings.push(message) })
    for (let time = 1; time <= 2; time++) expect((await source.list()).map(({ key }) => key)).toEqual(['file'])
    expect(warnings).toEqual([expect.stringContaining(join(path, 'loop'))])
    await expectError(() => source.read({ key: 'loop', modifiedMs: 0, sizeBytes: 0 }), 'OBJECT_UNREADABLE', true)
  })

  test('a place that is no directory', async () => {
    const root = temporaryDirectory()
    writeFileSync(join(root, 'file'), 'x')
    symlinkSync('loop', join(root, 'loop'))
    const source = (name: string) => localDirectory({ path: join(root, name), warn: () => undefined })
    await expectError(() => source('file').list(), 'DIRECTORY_MISSING', true)
    await expectError(() => source('file').read({ key: 'a', modifiedMs: 0, sizeBytes: 0 }), 'DIRECTORY_MISSING', true)
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
