/** A test of a pipeline under Node's own runner: other-runners.test.ts runs it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seconds } from 'millrace'
import { testStream } from 'millrace/testing'
import wordCount from '../../../examples/word-count.ts'

void test('passes', async () => {
  const app = await testStream(wordCount)
  app.input('lines').addFile('a.txt', 'to be or\nnot to be\n')
  await app.advance(seconds(1))
  assert.deepEqual(Object.fromEntries(await app.state('totals')), { be: 2, not: 1, or: 1, to: 2 })
})

void test('fails', async () => {
  const app = await testStream(wordCount)
  app.input('clicks').add('a')
})
