import { expect, test } from 'vitest'
import { sampledFiles } from '../../../cli/dev/sampled-files.ts'
import { memoryObjects } from '../../../lib/adapters/memory/memory-objects.ts'

const NOW_MS = 1_000

const lines = (count: number, text = 'line'): string =>
  Array.from({ length: count }, (_, index) => `${text}${index}\n`).join('')

test.each<[string, Readonly<Record<string, string>>, number, readonly string[]]>([
  ['all of a few', { a: lines(2), b: lines(1) }, 10, [lines(2), lines(1)]],
  ['the first lines of a file', { a: lines(100) }, 3, [lines(3)]],
  [
    'files until there are enough',
    { a: lines(2), b: lines(5), c: lines(9) },
    4,
    [lines(2), lines(2)],
  ],
  ['a last line without an end', { a: 'one\ntwo' }, 10, ['one\ntwo']],
  ['characters of several bytes', { a: lines(9, 'Ä€') }, 2, [lines(2, 'Ä€')]],
  ['what is no text, whole', { a: `PAR1\0${lines(9)}` }, 2, [`PAR1\0${lines(9)}`]],
  ['an empty file', { a: '', b: 'x\n' }, 5, ['', 'x\n']],
  ['nothing', {}, 5, []],
])('reads %s', async (_, files, records, expected) => {
  const objects = memoryObjects()
  for (const [index, [key, text]] of Object.entries(files).entries())
    objects.write(key, Buffer.from(text), index * 2_000)
  const sample = sampledFiles(objects, { records, nowMs: NOW_MS })
  const listed = await sample.list()
  expect(listed.every(({ modifiedMs }) => modifiedMs <= NOW_MS)).toBe(true)
  const read = await Promise.all(listed.map((file) => sample.read(file)))
  const texts = read.map((one) => (one.found ? Buffer.from(one.bytes).toString('utf8') : one.gone))
  expect(texts).toEqual(expected)
  // Parts of a file end where the sample does.
  for (const [index, file] of listed.entries()) {
    const part = await sample.read(file, { from: 1, to: 1_000_000 })
    expect(part.found && Buffer.from(part.bytes)).toEqual(
      Buffer.from(expected[index] ?? '').subarray(1),
    )
  }
})

test('reads at most 20 files', async () => {
  const objects = memoryObjects()
  for (let file = 0; file < 50; file++) objects.write(`f${file}`, Buffer.from('x\n'), file)
  const sample = sampledFiles(objects, { records: 1_000, nowMs: NOW_MS })
  expect(await sample.list()).toHaveLength(20)
})
