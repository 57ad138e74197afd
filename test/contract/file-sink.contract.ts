/** What every sink of files promises: how files are called, and what it leaves alone. */
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { beforeEach, describe, expect, test } from 'vitest'
import { partsIn } from '../../lib/adapters/output-layout.ts'
import type { Fence } from '../../lib/ports/fence.ts'
import { expectError } from './errors.ts'
import { type FileTree, isFence, shown } from './file-tree.ts'
import { spreadSinkContract } from './spread-sink.contract.ts'
import { sinkContract, type SinkUnderTest } from './sink.contract.ts'
import { fenceOf, finishBatch, writeBatch } from './write-batch.ts'

const bytesOf = (text: string): Buffer => Buffer.from(text)

/** What a batch looks like: its parts, by name, and a `_SUCCESS` that names them. */
const batchOf = (
  path: string,
  by: Fence,
  parts: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> => ({
  ...Object.fromEntries(Object.entries(parts).map(([name, part]) => [`${path}/${name}`, part])),
  [`${path}/_SUCCESS`]: expect.toSatisfy(
    (text: string) =>
      isFence(text, by) &&
      isDeepStrictEqual((JSON.parse(text) as { parts: unknown }).parts, Object.keys(parts)),
  ),
})

const plainName = (_: string, index: number): string => `part-${String(index).padStart(5, '0')}`

/** What a batch looks like whose parts have plain names. */
const batch = (
  path: string,
  by: Fence,
  ...parts: readonly string[]
): Readonly<Record<string, unknown>> =>
  batchOf(path, by, Object.fromEntries(parts.map((part, index) => [plainName(part, index), part])))

/** What is there of a batch after an earlier attempt with other bytes. */
const replaced = (
  tree: FileTree,
  path: string,
  by: Fence,
  ...parts: readonly string[]
): Readonly<Record<string, unknown>> => {
  const named = tree.renames === undefined ? plainName : tree.renames
  return batchOf(
    path,
    by,
    Object.fromEntries(parts.map((part, index) => [named(part, index), part])),
  )
}

const files = (tree: () => FileTree): void => {
  const write = (path: string, by: Fence, ...parts: readonly string[]): Promise<void> =>
    writeBatch(tree().sink, { path, timeMs: 1_000 }, by, parts.map(bytesOf))

  test.each<[string, readonly string[]]>([
    ['no part', []],
    ['one part', ['a\n']],
    ['an empty part', ['']],
    ['parts in order', ['a', 'b', 'c']],
    ['more than ten', Array.from({ length: 12 }, (_, index) => `${index}`)],
  ])('%s', async (_, parts) => {
    await write('counts-1000', fenceOf(1, 1), ...parts)
    expect(shown(await tree().files())).toEqual(batch('counts-1000', fenceOf(1, 1), ...parts))
  })

  test('batches lie beside each other, in directories made as needed', async () => {
    await write('deep/in/a tree/counts-1', fenceOf(1, 1), 'a')
    await write('deep/in/a tree/counts-12', fenceOf(1, 2), 'b')
    await write('deep/in/a tree/counts~1', fenceOf(1, 3), 'c')
    await write('deep/in/a tree/counts-1', fenceOf(1, 4), 'd')
    expect(shown(await tree().files())).toEqual({
      ...replaced(tree(), 'deep/in/a tree/counts-1', fenceOf(1, 4), 'd'),
      ...batch('deep/in/a tree/counts-12', fenceOf(1, 2), 'b'),
      ...batch('deep/in/a tree/counts~1', fenceOf(1, 3), 'c'),
    })
  })

  test.each([
    '',
    '/',
    '/out',
    'out/',
    'a//b',
    '..',
    '../out',
    'a/../b',
    'a/..',
    '.',
    './out',
    '.hidden',
    'a/.hidden',
    'a\0b',
  ])('the path %j is refused', async (path) => {
    await expectError(() => write(path, fenceOf(1, 1), 'a'), 'ARGUMENT_INVALID')
    expect(shown(await tree().files())).toEqual({})
  })

  test('of many parts of an older attempt none stays', async () => {
    await write('out/batch', fenceOf(1, 1), 'a', 'b', 'c')
    await write('out/batch', fenceOf(1, 2), 'd')
    expect(shown(await tree().files())).toEqual(replaced(tree(), 'out/batch', fenceOf(1, 2), 'd'))
  })

  test.each<[string, readonly string[], readonly string[]]>([
    ['the same bytes', ['a', 'b'], ['a', 'b']],
    ['more parts', ['a'], ['a', 'b']],
    ['the first part and no more', ['a', 'b', 'c'], ['a']],
  ])('after an attempt that is not committed: %s', async (_, before, parts) => {
    const one = { path: 'out/batch', timeMs: 1_000 }
    const by = fenceOf(1, 2)
    await finishBatch(tree().sink, one, fenceOf(1, 1), before.map(bytesOf))
    const receipt = await finishBatch(tree().sink, one, by, parts.map(bytesOf))
    await tree().sink.publish?.(one, by, receipt)
    expect(shown(await tree().files())).toEqual(batch('out/batch', by, ...parts))
  })

  test('a batch that is given up has no _SUCCESS', async () => {
    const one = { path: 'out/batch', timeMs: 1_000 }
    await finishBatch(tree().sink, one, fenceOf(1, 1), [bytesOf('a')])
    const names = [...(await tree().files()).keys()]
    expect(names.filter((name) => name.endsWith('_SUCCESS'))).toEqual([])
  })

  test.each<[string, Readonly<Record<string, string>>]>([
    ['files without _SUCCESS', { 'out/batch/part-00000': 'x' }],
    ['an empty _SUCCESS', { 'out/batch/part-00000': 'x', 'out/batch/_SUCCESS': '' }],
    ['a _SUCCESS of another program', { 'out/batch/_SUCCESS': '{"spark":true}' }],
    ['a _SUCCESS that is no object', { 'out/batch/_SUCCESS': 'null' }],
    [
      'a fence that is no fence',
      { 'out/batch/_SUCCESS': '{"app":"app","generation":"1","epoch":1}' },
    ],
    ['a file in a directory below', { 'out/batch/below/file': 'x' }],
    ['a hidden file', { 'out/batch/.hidden': 'x' }],
    ['a file of that name', { 'out/batch': 'x' }],
  ])('strangers are left alone: %s', async (_, planted) => {
    for (const [path, text] of Object.entries(planted)) await tree().plant(path, bytesOf(text))
    await expectError(() => write('out/batch', fenceOf(1, 1), 'a'), 'OUTPUT_EXISTS')
    expect(shown(await tree().files())).toEqual(planted)
  })
}

/** The lines of a batch, as a reader takes them: those of the parts that `_SUCCESS` names. */
const linesIn = (all: ReadonlyMap<string, Uint8Array>, path: string): readonly string[] => {
  const success = all.get(`${path}/_SUCCESS`)
  if (success === undefined) return []
  const parts = partsIn(success).map((name) => all.get(`${path}/${name}`) ?? bytesOf('gone'))
  const lines = parts.flatMap((bytes) => Buffer.from(bytes).toString().split('\n'))
  return lines.filter((line) => line !== '')
}

/** The name of a part in a bucket whose plain name is taken by other bytes. */
export const renamedPart = (text: string, index: number): string =>
  `${plainName(text, index)}-${createHash('sha256').update(text).digest('hex').slice(0, 32)}`

/** Runs what every {@link Sink} of files promises. */
export const fileSinkContract = (
  adapter: string,
  open: () => FileTree | Promise<FileTree>,
  isShared = false,
): void => {
  const under = async (): Promise<SinkUnderTest<Uint8Array>> => {
    const tree = await open()
    return {
      sink: tree.sink,
      contentOf: (lines) => bytesOf(lines.map((line) => `${line}\n`).join('')),
      spoil: (bytes: Uint8Array) => void bytes.fill(0x78),
      linesOf: async ({ path }) => linesIn(await tree.files(), path),
    }
  }
  sinkContract(adapter, under, isShared)

  describe(`files: ${adapter}`, () => {
    let current: FileTree | undefined
    beforeEach(async () => {
      current = await open()
    })
    const tree = (): FileTree => {
      if (current === undefined) throw new Error('the tree is there only in a test')
      return current
    }
    files(tree)
    spreadSinkContract(tree)
  })
}
