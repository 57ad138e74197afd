/** What sinks of files promise of batches whose files lie in the directories of a table. */
import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { packFiles } from '../../lib/base/file-bundle.ts'
import type { Fence } from '../../lib/ports/fence.ts'
import { expectError } from './errors.ts'
import type { FileTree } from './file-tree.ts'
import { isFence, shown } from './file-tree.ts'
import { fenceOf, finishBatch } from './write-batch.ts'

const PLACE = 'daily/_batches/1000'
const SPREAD = { path: PLACE, timeMs: 1_000, spreadTo: 'daily' }

/** A bundle with files of text in directories. */
const bundleOf = (files: Readonly<Record<string, string>>): Uint8Array =>
  packFiles({
    extension: '.txt',
    files: Object.entries(files).map(([directory, text]) => ({
      directory,
      bytes: Buffer.from(text),
    })),
  })

type Bundle = Readonly<Record<string, string>>

/** What is there of a batch whose files are spread. */
const spread = (
  by: Fence,
  files: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> => ({
  ...Object.fromEntries(Object.entries(files).map(([name, text]) => [`daily/${name}`, text])),
  [`${PLACE}/_SUCCESS`]: expect.toSatisfy(
    (text: string) =>
      isFence(text, by) &&
      isDeepStrictEqual((JSON.parse(text) as { parts: unknown }).parts, Object.keys(files)),
  ),
})

/** What every sink of files promises of batches with `spreadTo`. */
export const spreadSinkContract = (tree: () => FileTree): void => {
  const finish = async (by: Fence, ...bundles: readonly Bundle[]): Promise<() => Promise<void>> => {
    const receipt = await finishBatch(tree().sink, SPREAD, by, bundles.map(bundleOf))
    // Who publishes knows the place, and no more than that.
    return async () => tree().sink.publish?.({ path: PLACE, timeMs: 1_000 }, by, receipt)
  }
  const listed = async (): Promise<Readonly<Record<string, string>>> =>
    Object.fromEntries(
      Object.entries(shown(await tree().files())).filter(([name]) => !name.includes('/_batches/')),
    )
  const A = { 'day=1': 'a', 'day=2/shop=x': 'b' }
  const NAMES_OF_A = { 'day=1/part-1000-00000.txt': 'a', 'day=2/shop=x/part-1000-00000.txt': 'b' }

  test.each<[string, readonly Bundle[], Readonly<Record<string, string>>]>([
    ['no bundle', [], {}],
    ['an empty bundle', [{}], {}],
    ['files in directories', [A], NAMES_OF_A],
    [
      'bundles that share a directory',
      [A, {}, { 'day=1': 'c' }],
      { ...NAMES_OF_A, 'day=1/part-1000-00002.txt': 'c' },
    ],
  ])('a batch is spread: %s', async (_, bundles, files) => {
    const publish = await finish(fenceOf(1, 1), ...bundles)
    expect(await listed()).toEqual({})
    await publish()
    expect(shown(await tree().files())).toEqual(spread(fenceOf(1, 1), files))
    await publish()
    expect(shown(await tree().files())).toEqual(spread(fenceOf(1, 1), files))
  })

  test('batches lie in the same directories', async () => {
    const other = { path: 'daily/_batches/2000', timeMs: 2_000, spreadTo: 'daily' }
    await (
      await finish(fenceOf(1, 1), A)
    )()
    const receipt = await finishBatch(tree().sink, other, fenceOf(1, 2), [
      bundleOf({ 'day=1': 'c' }),
    ])
    await tree().sink.publish?.(other, fenceOf(1, 2), receipt)
    expect(await listed()).toEqual({
      ...prefixed(NAMES_OF_A),
      'daily/day=1/part-2000-00000.txt': 'c',
    })
  })

  test('of an attempt that is not committed nothing is ever seen', async () => {
    await finish(fenceOf(1, 1), { 'day=0': 'z' }, { 'day=1': 'y' })
    await (
      await finish(fenceOf(1, 2), A)
    )()
    expect(await listed()).toEqual(prefixed(NAMES_OF_A))
  })

  test('a batch that runs again after a reset replaces its files', async () => {
    await (
      await finish(fenceOf(1, 1), { 'day=0': 'z', 'day=1': 'y' }, { 'day=1': 'c' })
    )()
    const publish = await finish(fenceOf(2, 1), A)
    await publish()
    await publish()
    expect(shown(await tree().files())).toEqual(spread(fenceOf(2, 1), NAMES_OF_A))
  })

  test('an older attempt is refused', async () => {
    const publish = await finish(fenceOf(1, 1), { 'day=0': 'z' })
    await (
      await finish(fenceOf(1, 2), A)
    )()
    await publish().catch(() => undefined)
    await expectError(() => finish(fenceOf(1, 1), { 'day=0': 'z' }), 'OUTPUT_FENCED')
    expect(await listed()).toEqual(prefixed(NAMES_OF_A))
  })

  test('a file of others with the name of one is left alone', async () => {
    await tree().plant('daily/day=1/part-1000-00000.txt', Buffer.from('x'))
    await tree().plant('daily/day=1/other.txt', Buffer.from('y'))
    const publish = await finish(fenceOf(1, 1), A)
    await expectError(publish, 'OUTPUT_EXISTS')
    expect(await listed()).toMatchObject({
      'daily/day=1/part-1000-00000.txt': 'x',
      'daily/day=1/other.txt': 'y',
    })
  })
}

const prefixed = (files: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`daily/${name}`, text]))
