import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { describe, expect, test } from 'vitest'
import { localOutputFiles } from '../../lib/adapters/local/local-output-files.ts'
import { memoryOutputFiles } from '../../lib/adapters/memory/memory-output-files.ts'
import type { Fence } from '../../lib/ports/output-files.ts'
import { startChild } from './child.ts'
import { expectError } from './errors.ts'
import { outputFilesContract } from './output-files.contract.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const filesBelow = (root: string): ReadonlyMap<string, Uint8Array> => {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  const paths = files.map(({ parentPath, name }) => join(parentPath, name))
  return new Map(
    paths.map((path) => [relative(root, path).replaceAll(sep, '/'), readFileSync(path)]),
  )
}

const plantFile = (root: string, path: string, bytes: Uint8Array): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), bytes)
}

outputFilesContract('memory', async () => {
  const output = memoryOutputFiles()
  return {
    output,
    files: async () => output.files(),
    plant: async (path, bytes) => output.plant(path, bytes),
  }
})

outputFilesContract('directory', async () => {
  const root = temporaryDirectory()
  return {
    output: localOutputFiles({ root }),
    // With all hidden files: a write that is over leaves none.
    files: async () => filesBelow(root),
    plant: async (path, bytes) => plantFile(root, path, bytes),
  }
})

describe('a directory', () => {
  const fence: Fence = { app: 'app', generation: 1, epoch: 1 }
  const parts = [Buffer.from('a')]

  test('an empty one is no stranger', async () => {
    const root = temporaryDirectory()
    mkdirSync(join(root, 'out', 'batch'), { recursive: true })
    await localOutputFiles({ root }).writeParts('out/batch', parts, fence)
    expect([...filesBelow(root).keys()].toSorted()).toEqual([
      'out/batch/_SUCCESS',
      'out/batch/part-00000',
    ])
  })

  test('what dead attempts have left of this output is removed, and nothing else', async () => {
    const root = temporaryDirectory()
    const leftovers = [
      'out/.batch~0123456789abcdef/part-00000',
      'out/.batch~fedcba9876543210/_SUCCESS',
    ]
    const others = [
      'out/.batch~2~0123456789abcdef/part-00000',
      'out/.batch~note',
      'out/.batch2~0123456789abcdef/part-00000',
    ]
    for (const path of [...leftovers, ...others]) plantFile(root, path, Buffer.from('x'))
    await localOutputFiles({ root }).writeParts('out/batch', parts, fence)
    expect([...filesBelow(root).keys()].toSorted()).toEqual(
      [...others, 'out/batch/_SUCCESS', 'out/batch/part-00000'].toSorted(),
    )
  })

  test('a tree that cannot be written to', async () => {
    const root = temporaryDirectory()
    symlinkSync('loop', join(root, 'loop'))
    await expectError(
      () => localOutputFiles({ root }).writeParts('loop/batch', parts, fence),
      'OUTPUT_FAILED',
      true,
    )
  })

  test('killed at any moment, it is whole or not there, and not older than what was acknowledged', async () => {
    const root = temporaryDirectory()
    for (let time = 1; time <= 3; time++) {
      const child = startChild('write-outputs', root, String(time))
      const acknowledged = [await child.nextLine(), await child.nextLine(), ...(await child.kill())]
      const files = filesBelow(root)
      const success = files.get('out/batch/_SUCCESS')
      const names = [...files.keys()].filter((path) => path.startsWith('out/batch/'))
      // Between the two renames there is nothing under the name: then a repeated attempt puts it there.
      if (success === undefined) {
        expect(names).toEqual([])
        continue
      }
      const { epoch } = JSON.parse(Buffer.from(success).toString()) as Fence
      expect(epoch).toBeGreaterThanOrEqual(Number(acknowledged.at(-1)))
      expect(names).toHaveLength(1 + 1 + (epoch % 5))
      for (const name of names.filter((path) => path !== 'out/batch/_SUCCESS'))
        expect(String(files.get(name))).toBe(String(epoch))
    }
  })
})
