import { beforeEach, describe, expect, test } from 'vitest'
import type { Fence, OutputFiles } from '../../lib/ports/output-files.ts'
import { errorOf, expectError } from './errors.ts'

/** A tree of outputs that a test can look into. Cleans up by itself when the test has finished. */
export interface OutputTree {
  readonly output: OutputFiles
  /** All files that a reader of the tree sees, by path. */
  files(): Promise<ReadonlyMap<string, Uint8Array>>
  /** Puts a file there that Millrace did not write. */
  plant(path: string, bytes: Uint8Array): Promise<void>
}

const bytes = (text: string): Buffer => Buffer.from(text)
const fence = (generation: number, epoch: number, app = 'app'): Fence => ({
  app,
  generation,
  epoch,
})

/** The files with their content as text. */
const shown = (files: ReadonlyMap<string, Uint8Array>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    [...files].map(([path, content]): [string, unknown] => [path, Buffer.from(content).toString()]),
  )

const batch = (
  path: string,
  by: Fence,
  ...parts: readonly string[]
): Readonly<Record<string, unknown>> => ({
  ...Object.fromEntries(
    parts.map((part, index) => [`${path}/part-${String(index).padStart(5, '0')}`, part]),
  ),
  [`${path}/_SUCCESS`]: expect.toSatisfy((text: string) => isFence(text, by)),
})

const isFence = (text: string, { app, generation, epoch }: Fence): boolean => {
  const found = JSON.parse(text) as Partial<Fence>
  return found.app === app && found.generation === generation && found.epoch === epoch
}

const writing = (tree: () => OutputTree): void => {
  const write = (path: string, by: Fence, ...parts: readonly string[]): Promise<void> =>
    tree().output.writeParts(path, parts.map(bytes), by)

  test.each<[string, readonly string[]]>([
    ['no part', []],
    ['one part', ['a\n']],
    ['an empty part', ['']],
    ['parts in order', ['a', 'b', 'c']],
    ['more than ten', Array.from({ length: 12 }, (_, index) => `${index}`)],
  ])('%s', async (_, parts) => {
    await write('counts-1000', fence(1, 1), ...parts)
    expect(shown(await tree().files())).toEqual(batch('counts-1000', fence(1, 1), ...parts))
  })

  test('batches lie beside each other, in directories made as needed', async () => {
    await write('deep/in/a tree/counts-1', fence(1, 1), 'a')
    await write('deep/in/a tree/counts-12', fence(1, 2), 'b')
    await write('deep/in/a tree/counts~1', fence(1, 3), 'c')
    await write('deep/in/a tree/counts-1', fence(1, 4), 'd')
    expect(shown(await tree().files())).toEqual({
      ...batch('deep/in/a tree/counts-1', fence(1, 4), 'd'),
      ...batch('deep/in/a tree/counts-12', fence(1, 2), 'b'),
      ...batch('deep/in/a tree/counts~1', fence(1, 3), 'c'),
    })
  })

  test('the bytes are the caller’s', async () => {
    const part = bytes('before')
    await tree().output.writeParts('out', [part], fence(1, 1))
    part.fill('x')
    expect(shown(await tree().files())).toEqual(batch('out', fence(1, 1), 'before'))
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
    await expectError(() => write(path, fence(1, 1), 'a'), 'ARGUMENT_INVALID')
    expect(shown(await tree().files())).toEqual({})
  })
}

const fencing = (tree: () => OutputTree): void => {
  const write = (by: Fence, ...parts: readonly string[]): Promise<void> =>
    tree().output.writeParts('out/batch', parts.map(bytes), by)

  test.each<[string, Fence, Fence]>([
    ['the same attempt again', fence(1, 1), fence(1, 1)],
    ['a newer epoch', fence(1, 1), fence(1, 2)],
    ['a newer generation, whatever the epoch', fence(1, 9), fence(2, 1)],
  ])('%s replaces all that was there', async (_, older, newer) => {
    await write(older, 'a', 'b', 'c')
    await write(newer, 'd')
    expect(shown(await tree().files())).toEqual(batch('out/batch', newer, 'd'))
  })

  test.each<[string, Fence, Fence]>([
    ['an older epoch', fence(1, 2), fence(1, 1)],
    ['an older generation, whatever the epoch', fence(2, 1), fence(1, 9)],
  ])('%s changes nothing', async (_, newer, older) => {
    await write(newer, 'a', 'b')
    await expectError(() => write(older, 'c', 'd', 'e'), 'OUTPUT_FENCED')
    expect(shown(await tree().files())).toEqual(batch('out/batch', newer, 'a', 'b'))
  })

  test('what another application has written is left alone, whatever its fence', async () => {
    await write(fence(1, 1, 'other'), 'a')
    const error = await errorOf(() => write(fence(9, 9), 'b'))
    expect(error.code).toBe('OUTPUT_EXISTS')
    expect(error.message).toContain('out/batch')
    expect(shown(await tree().files())).toEqual(batch('out/batch', fence(1, 1, 'other'), 'a'))
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
    for (const [path, text] of Object.entries(planted)) await tree().plant(path, bytes(text))
    await expectError(() => write(fence(1, 1), 'a'), 'OUTPUT_EXISTS')
    expect(shown(await tree().files())).toEqual(planted)
  })

  test('of attempts at the same time, the newest stays, whole', async () => {
    for (let round = 0; round < 5; round++) {
      const epochs = Array.from({ length: 10 }, (_, index) => 1 + ((index * 7 + round) % 10))
      const attempts = epochs.map((epoch) =>
        write(fence(round, epoch), ...Array.from({ length: epoch }, () => `${epoch}`)),
      )
      const codes = (await Promise.allSettled(attempts)).flatMap((settled) =>
        settled.status === 'rejected' ? [(settled.reason as { code: string }).code] : [],
      )
      expect(new Set(['OUTPUT_FENCED', ...codes])).toEqual(new Set(['OUTPUT_FENCED']))
      expect(shown(await tree().files())).toEqual(
        batch('out/batch', fence(round, 10), ...Array.from({ length: 10 }, () => '10')),
      )
    }
  })
}

/** What every {@link OutputFiles} promises. */
export const outputFilesContract = (adapter: string, open: () => Promise<OutputTree>): void => {
  describe(`output files: ${adapter}`, () => {
    let current: OutputTree | undefined
    beforeEach(async () => {
      current = await open()
    })
    const tree = (): OutputTree => {
      if (current === undefined) throw new Error('the tree is there only in a test')
      return current
    }

    describe('are written', () => writing(tree))
    describe('are fenced', () => fencing(tree))
  })
}
