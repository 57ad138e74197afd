import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type StoredOutputs, storedOutputs } from '../../../cli/replay/stored-outputs.ts'
import { memoryObjectStore } from '../../../lib/adapters/memory/memory-object-store.ts'
import { successOf } from '../../../lib/adapters/output-layout.ts'
import { MillraceError } from '../../../lib/base/errors.ts'
import type { SinkLocation } from '../../../lib/runtime/sinks/sink-kind.ts'

const fence = { app: 'app', generation: 1, epoch: 2 }

/** The files of a batch that is complete, of one without a part, and of one without a sign. */
const FILES: Readonly<Record<string, Uint8Array>> = {
  'out-1/_SUCCESS': successOf(fence, ['part-00000', 'part-00001-x']),
  'out-1/part-00000': Buffer.from('a\n'),
  'out-1/part-00001-x': Buffer.from('b\n'),
  'out-1/part-00002': Buffer.from('of an attempt that failed\n'),
  'out-2/_SUCCESS': successOf(fence, ['part-00000']),
  'out-3/part-00000': Buffer.from('c\n'),
}

type Located = SinkLocation & Readonly<Record<string, string>>

const inDirectory = (): StoredOutputs => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-stored-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  for (const [name, bytes] of Object.entries(FILES)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), bytes)
  }
  const locate = (path: string): Located => ({ kind: 'files', directory, path })
  return storedOutputs({ locate, bucket: () => Promise.reject(new Error('no bucket')) })
}

const inBucket = (): StoredOutputs => {
  const objects = memoryObjectStore()
  for (const [name, bytes] of Object.entries(FILES)) objects.write(`results/${name}`, bytes, 1)
  const locate = (path: string): Located => ({
    kind: 'objects',
    bucket: 'mine',
    path: `results/${path}`,
  })
  return storedOutputs({ locate, bucket: async () => objects })
}

test.each([
  ['a directory', inDirectory],
  ['a bucket', inBucket],
])('reads the parts that _SUCCESS names: %s', async (_, open) => {
  const stored = open()
  expect(stored.canRead('out-1')).toBe(true)
  const texts = async (place: string) =>
    (await stored.read(place))?.map((bytes) => Buffer.from(bytes).toString('utf8'))
  expect(await texts('out-1')).toEqual(['a\n', 'b\n'])
  expect(await texts('out-2')).toBeUndefined()
  expect(await texts('out-3')).toBeUndefined()
  expect(await texts('out-4')).toBeUndefined()
})

test.each<[string, () => Located]>([
  ['a terminal', () => ({ kind: 'print', path: '' })],
  [
    'nothing on this machine',
    () => {
      throw new MillraceError('BINDING_MISSING', { problem: 'it is not here' })
    },
  ],
])('reads nothing of %s', async (_, locate) => {
  const stored = storedOutputs({ locate, bucket: () => Promise.reject(new Error('no bucket')) })
  expect(stored.canRead('a')).toBe(false)
})
