import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { localFiles } from '../../lib/adapters/local/local-files.ts'
import type { Fence } from '../../lib/ports/fence.ts'
import { startChild } from './child.ts'
import { expectError } from './errors.ts'
import { filesBelow, plantFile } from './files-below.ts'
import { temporaryDirectory } from './temporary-directory.ts'
import { fenceOf, writeBatch } from './write-batch.ts'

/** Writes a batch of one part below a root. */
const write = (root: string, path = 'out/batch'): Promise<void> =>
  writeBatch(localFiles({ root }), { path, timeMs: 1_000 }, fenceOf(1, 1), [Buffer.from('a')])

const namesBelow = (root: string): readonly string[] => [...filesBelow(root).keys()].toSorted()

test('an empty directory is no stranger', async () => {
  const root = temporaryDirectory()
  mkdirSync(join(root, 'out', 'batch'), { recursive: true })
  await write(root)
  expect(namesBelow(root)).toEqual(['out/batch/_SUCCESS', 'out/batch/part-00000'])
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
  await write(root)
  expect(namesBelow(root)).toEqual(
    [...others, 'out/batch/_SUCCESS', 'out/batch/part-00000'].toSorted(),
  )
})

test('what an attempt of this process has begun is left to it', async () => {
  const root = temporaryDirectory()
  const batch = { path: 'out/batch', timeMs: 1_000 }
  const sink = localFiles({ root })
  const slow = await sink.open(batch, fenceOf(1, 2))
  await slow.write(0, Buffer.from('slow'))
  await write(root)
  await slow.finish()
  expect(String(filesBelow(root).get('out/batch/part-00000'))).toBe('slow')
})

test('an attempt that is abandoned leaves no hidden directory', async () => {
  const root = temporaryDirectory()
  const batch = await localFiles({ root }).open({ path: 'out/batch', timeMs: 1_000 }, fenceOf(1, 1))
  await batch.write(0, Buffer.from('a'))
  expect(namesBelow(root)).toHaveLength(1)
  await batch.abandon()
  expect(namesBelow(root)).toEqual([])
})

test('a tree that cannot be written to', async () => {
  const root = temporaryDirectory()
  symlinkSync('loop', join(root, 'loop'))
  await expectError(() => write(root, 'loop/batch'), 'OUTPUT_FAILED', true)
})

test('a kill leaves a batch whole or missing, never older than acknowledged', async () => {
  const root = temporaryDirectory()
  for (let time = 1; time <= 3; time++) {
    const child = startChild('write-outputs', root, String(time))
    const acknowledged = [await child.nextLine(), await child.nextLine(), ...(await child.kill())]
    const files = filesBelow(root)
    // Killed between `finish` and `publish`, a batch is whole and not shown as complete.
    const marks = ['_SUCCESS', '_ATTEMPT'].map((name) => `out/batch/${name}`)
    const success = marks.flatMap((mark) => files.get(mark) ?? [])[0]
    const names = [...files.keys()].filter((path) => path.startsWith('out/batch/'))
    // Between the two renames there is nothing under the name: a repeated attempt puts it there.
    if (success === undefined) {
      expect(names).toEqual([])
      continue
    }
    const { epoch } = JSON.parse(Buffer.from(success).toString()) as Fence
    expect(epoch).toBeGreaterThanOrEqual(Number(acknowledged.at(-1)))
    expect(names).toHaveLength(1 + 1 + (epoch % 5))
    for (const name of names.filter((path) => !marks.includes(path)))
      expect(String(files.get(name))).toBe(String(epoch))
  }
})
