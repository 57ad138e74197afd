/** B4: files in the directories of a table, when processes die or stand still at any call. */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packFiles } from '../../lib/base/file-bundle.ts'
import { objectSink } from '../../lib/adapters/object-sink.ts'
import { localFiles } from '../../lib/adapters/local/local-files.ts'
import { OutputBucket } from '../../lib/testing/simulation/cloud/output-bucket.ts'
import { filesBelow } from './files-below.ts'
import { Calls, standEverywhere, type Storage, type Stop, stopEverywhere } from './spread-kills.ts'
import { temporaryDirectory } from './temporary-directory.ts'
import { fenceOf, writeBatch } from './write-batch.ts'

const inBucket = (): Storage => {
  const bucket = new OutputBucket()
  return {
    files: () => bucket.files(),
    process(stop, look) {
      const calls = new Calls(stop, look)
      const sink = objectSink({
        description: 'a bucket',
        bucket: {
          list: (prefix) => calls.call(() => bucket.list(prefix)),
          head: (key) => calls.call(() => bucket.head(key)),
          get: (key) => calls.call(() => bucket.get(key)),
          putIfSeen: (object, seen) => calls.call(() => bucket.putIfSeen(object, seen)),
          deleteIfSeen: (key, seen) => calls.call(() => bucket.deleteIfSeen(key, seen)),
        },
      })
      return { sink, stands: calls.stands, goOn: calls.goOn }
    },
  }
}

/** The calls of the process whose turn it is. */
let running: Calls | undefined

/** Without counting what the reader does. */
const unseen = <T>(look: () => T): T => {
  const calls = running
  running = undefined
  try {
    return look()
  } finally {
    running = calls
  }
}

const inDirectory = (): Storage => {
  const root = temporaryDirectory()
  return {
    files: () => unseen(() => filesBelow(root)),
    // The lock of the store lets one process run at a time.
    process(stop, look) {
      running = new Calls(stop, look)
      const { stands, goOn } = running
      return { sink: localFiles({ root }), stands, goOn }
    },
  }
}

type Functions = Record<string, (...given: unknown[]) => unknown>

/** All that changes something, or makes a change last. */
const CHANGES = [
  [fs.promises as unknown as Functions, ['mkdir', 'open', 'rename', 'rm']],
  [fs as unknown as Functions, ['fsyncSync', 'mkdirSync', 'renameSync', 'rmdirSync']],
] as const

/** The system closes the files of a process that dies. */
const closedAtDeath = async (calls: Calls, change: () => Promise<unknown>): Promise<unknown> => {
  let opened: { readonly close?: () => Promise<void> } | undefined
  try {
    return await calls.call(async () => (opened = (await change()) as typeof opened))
  } catch (error) {
    await opened?.close?.()
    throw error
  }
}

const real = CHANGES.map(([module, names]) => names.map((name) => module[name]))

beforeAll(() => {
  for (const [module, names] of CHANGES)
    for (const name of names) {
      const change = module[name] as Functions[string]
      module[name] = name.endsWith('Sync')
        ? (...given) => (running ? running.callSync(() => change(...given)) : change(...given))
        : async (...given) =>
            running ? closedAtDeath(running, async () => change(...given)) : change(...given)
    }
  syncBuiltinESMExports()
})

afterAll(() => {
  running = undefined
  for (const [index, [module, names]] of CHANGES.entries())
    for (const [place, name] of names.entries())
      module[name] = real[index]?.[place] as Functions[string]
  syncBuiltinESMExports()
})

describe.each<[string, () => Storage, readonly Stop['how'][]]>([
  ['a bucket', inBucket, ['before', 'after', 'stands']],
  ['a directory', inDirectory, ['before', 'after']],
])('in %s', (_, storage, ways) => {
  describe.each([
    ['the same bytes', true],
    ['other bytes', false],
  ])('after an attempt with %s', (__, same) => {
    test.each(ways)('that attempt stops at each call: %s', async (how) => {
      expect(await stopEverywhere(storage, 'attempt', how, same)).toBeGreaterThan(3)
    })

    test.each(ways)('who publishes stops at each call: %s', async (how) => {
      expect(await stopEverywhere(storage, 'publisher', how, same)).toBeGreaterThan(8)
    })
  })
})

test.each([
  ['the same bytes', true],
  ['other bytes', false],
])('an attempt with %s and who publishes stand still at each pair of calls', async (_, same) => {
  expect(await standEverywhere(inBucket, same)).toBeGreaterThan(30)
})

test('a bucket is called five times for a part, once for each file, and to clean up', async () => {
  const bucket = new OutputBucket()
  const calls: string[] = []
  const sink = objectSink({
    description: 'a bucket',
    bucket: {
      list: (prefix) => (calls.push('list'), bucket.list(prefix)),
      head: (key) => (calls.push('head'), bucket.head(key)),
      get: (key) => (calls.push('get'), bucket.get(key)),
      putIfSeen: (object, seen) => (calls.push('put'), bucket.putIfSeen(object, seen)),
      deleteIfSeen: (key, seen) => (calls.push('delete'), bucket.deleteIfSeen(key, seen)),
    },
  })
  const batch = { path: 'daily/_batches/1000', timeMs: 1_000, spreadTo: 'daily' }
  const bytes = Buffer.from('a')
  const files = [1, 2, 3].map((day) => ({ directory: `day=${day}`, bytes }))
  const bundle = packFiles({ extension: '.txt', files })
  await writeBatch(sink, batch, fenceOf(1, 1), [bundle])
  const many = (call: string, count: number): readonly string[] => Array<string>(count).fill(call)
  expect(calls.toSorted()).toEqual(
    ['delete', 'get', 'head', 'list', ...many('put', 1 + files.length + 1)].toSorted(),
  )
})
