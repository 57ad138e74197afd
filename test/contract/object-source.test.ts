import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
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
    ['file*', ['file']],
    ['*.log', []],
    ['{file,a}', ['a/file', 'file']],
    ['[a-b]/f*', ['a/file', 'b/file']],
    ['file*/', []],
    ['*/.f*', ['a/.file']],
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
    expect(await source.read({ key: 'loop', modifiedMs: 0, sizeBytes: 0 })).toEqual({
      found: false,
      gone: 'replaced',
    })
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

describe('what others put into a directory', () => {
  /** What ends it after the test, if anything must. */
  type Ending = void | (() => void) | Promise<() => void>
  const fifo = (path: string): void => void execFileSync('mkfifo', [path])
  const socket = async (path: string): Promise<() => void> => {
    const server = createServer().listen(path)
    await once(server, 'listening')
    return () => void server.close()
  }
  /** A directory with a file, and a secret beside it. */
  const made = () => {
    const root = temporaryDirectory()
    const path = join(root, 'in')
    mkdirSync(join(path, 'sub'), { recursive: true })
    writeFileSync(join(root, 'secret'), 'secret')
    writeFileSync(join(path, 'file'), 'x')
    writeFileSync(join(path, 'sub', 'below'), 'y')
    const warnings: string[] = []
    const source = localDirectory({ path, warn: (message) => void warnings.push(message) })
    return { root, path, warnings, source }
  }

  test.each<[string, RegExp, (path: string, root: string) => Ending]>([
    ['a FIFO', /it is a FIFO/, (path) => fifo(path)],
    ['a socket', /it is a socket/, (path) => socket(path)],
    ['a link to a device', /leads out/, (path) => symlinkSync('/dev/zero', path)],
    ['a link to a FIFO', /FIFO/, (path) => (fifo(`${path}.f`), symlinkSync(`${path}.f`, path))],
    ['a link that leads out', /leads out/, (path, root) => symlinkSync(join(root, 'secret'), path)],
    ['a relative one', /leads out/, (path) => symlinkSync('../secret', path)],
    [
      'a link to a name that begins alike',
      /leads out/,
      (path, root) => {
        mkdirSync(join(root, 'in2'))
        writeFileSync(join(root, 'in2', 'a'), 'secret')
        symlinkSync('../in2/a', path)
      },
    ],
  ])('%s is left out, and said once', async (_, why, put) => {
    const { root, path, warnings, source } = made()
    const end = await put(join(path, 'a'), root)
    for (let time = 1; time <= 2; time += 1)
      expect((await source.list()).map(({ key }) => key)).toEqual(['file'])
    const ofName = warnings.filter((message) => message.startsWith(`left out ${path}/a:`))
    expect(ofName).toEqual([expect.stringMatching(why)])
    end?.()
  })

  test.each([
    ['a file of the directory', 'file'],
    ['a file below it', 'sub/below'],
  ])('a link to %s is that file', async (_, target) => {
    const { path, warnings, source } = made()
    symlinkSync(target, join(path, 'a'))
    const listed = (await source.list()).find(({ key }) => key === 'a')
    expect(await source.read(listed!)).toMatchObject({ found: true })
    expect(warnings).toEqual([])
  })

  test.each<[string, (path: string, root: string) => Ending]>([
    ['a FIFO', (path) => fifo(path)],
    ['a socket', (path) => socket(path)],
    ['a device', (path) => symlinkSync('/dev/zero', path)],
    ['a link that leads out', (path, root) => symlinkSync(join(root, 'secret'), path)],
    ['links that lead to each other', (path) => symlinkSync(path, path)],
    ['a directory', (path) => mkdirSync(path)],
  ])('%s in the place of a file that was listed is never read', async (_, put) => {
    const { root, path, source } = made()
    const [listed] = await source.list()
    rmSync(join(path, 'file'))
    const end = await put(join(path, 'file'), root)
    await utimes(join(root, 'secret'), listed!.modifiedMs / 1_000, listed!.modifiedMs / 1_000)
    expect(await source.read(listed!)).toEqual({ found: false, gone: 'replaced' })
    end?.()
  })

  test('a link in the place of a directory that matches does not lead out', async () => {
    const { root, path, warnings } = made()
    mkdirSync(join(root, 'elsewhere'))
    writeFileSync(join(root, 'elsewhere', 'below'), 'secret')
    const warn = (message: string): void => void warnings.push(message)
    const source = localDirectories({ path: join(path, 's*'), warn })
    const [listed] = await source.list()
    rmSync(join(path, 'sub'), { recursive: true })
    symlinkSync('../elsewhere', join(path, 'sub'))
    await utimes(join(root, 'elsewhere/below'), new Date(0), new Date(listed!.modifiedMs))
    expect(await source.read({ ...listed!, sizeBytes: 1 })).toMatchObject({ found: false })
    expect(await source.list()).toEqual([])
    expect(warnings).toEqual([expect.stringMatching(/sub: it is a link that leads out/)])
  })

  test('however many names are left out, few messages say so', async () => {
    const { path, warnings, source } = made()
    for (let n = 0; n < 1_100; n += 1) symlinkSync('../secret', join(path, `link-${n}`))
    await source.list()
    await source.list()
    expect(warnings.length).toBe(1_001)
    expect(warnings.at(-1)).toContain('more than 1000 names')
  })
})

describe('characters of patterns', () => {
  test.each([
    ['in a base that is literal', 'app [v1]/in', 'app [v1]', ['app [v1]']],
    ['in the base, and a pattern after it', 'a*b/i*', 'a*b', ['a*b']],
    ['in the name of an existing directory', 'a*b/in', '', ['a*b']],
    ['in an existing directory above a pattern', '{x,y}/i*', '', ['{x,y}']],
    ['that nobody means literally', 'a[x*]b/in', '', ['a*b', 'axb']],
    ['with a slash in braces', '{a*b/in,axb/i*}', '', ['a*b', 'axb']],
    ['that are escaped', 'a\\*b/in', '', ['a*b']],
  ])('%s: %s', async (_, path, base, expected) => {
    const root = temporaryDirectory()
    for (const name of ['app [v1]', 'app v', 'a*b', 'axb', '{x,y}', 'x']) {
      mkdirSync(join(root, name, 'in'), { recursive: true })
      writeFileSync(join(root, name, 'in', 'file'), name)
    }
    const source = localDirectories({
      path: join(root, path),
      base: base === '' ? '' : join(root, base),
      warn: (message) => expect.fail(message),
    })
    const read = await Promise.all((await source.list()).map((one) => source.read(one)))
    const texts = read.map((one) => (one.found ? Buffer.from(one.bytes).toString() : one.gone))
    expect(texts.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(expected)
  })
})
