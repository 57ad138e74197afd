/** The examples in the JSDoc of `millrace/testing` run as they stand. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runInThisContext } from 'node:vm'
import { seconds, stream } from 'millrace'
import { testStream } from 'millrace/testing'
import { describe, expect, test } from 'vitest'

import wordCount from '../../examples/word-count.ts'

const folder = join(import.meta.dirname, '../../lib/testing/harness')
const clicksAndLines = stream('clicks-and-lines', { batchInterval: seconds(10) }, (ssc) => {
  const words = ssc
    .union(ssc.kinesisTextStream('clicks'), ssc.textFileStream('lines'))
    .flatMap((line) => line.split(' '))
  words
    .mapToPair((word) => [word, 1])
    .updateStateByKey<number>((ones, total = 0) => total + ones.length)
    .named('totals')
    .print()
})

const files = readdirSync(folder).filter((file) => file.endsWith('.ts'))
const examples = files.flatMap((file) =>
  [
    ...readFileSync(join(folder, file), 'utf8').matchAll(
      /@example\n \* ```ts\n(?<code>.*?) \* ```/gs,
    ),
  ].map(({ groups }) => ({
    file,
    code: (groups?.['code'] ?? '').replaceAll(/^ \* ?/gm, ''),
  })),
)

describe('the examples in the JSDoc of the harness', () => {
  test('are found', () =>
    expect(examples.map(({ file }) => file)).toEqual([
      'test-batch.ts',
      'test-input.ts',
      'test-stream.ts',
      'test-stream.ts',
    ]))

  test.each(examples)('$file: $code', async ({ code }) => {
    const logged: unknown[] = []
    const scope = {
      testStream,
      seconds,
      wordCount,
      pipeline: clicksAndLines,
      console: { log: (...shown: unknown[]) => void logged.push(shown) },
    }
    const run = runInThisContext(`(async ({ ${Object.keys(scope).join(', ')} }) => {${code}})`) as (
      given: typeof scope,
    ) => Promise<void>
    await run(scope)
    expect(logged.length).toBe(code.split('console.log').length - 1)
    expect(JSON.stringify(logged)).not.toContain('[[],[]]')
  })
})
