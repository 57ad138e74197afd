import { seconds } from 'millrace'
import { testStream } from 'millrace/testing'
import { expect, test } from 'vitest'

import wordCount from '../../examples/word-count.ts'

test('the totals continue after a restart', async () => {
  const app = await testStream(wordCount)

  app.input('lines').addFile('a.txt', 'to be or\nnot to be\n')
  await app.advance(seconds(1))
  expect(app.output('print-1').elements).toEqual([
    [
      ['be', 2],
      ['to', 2],
      ['not', 1],
      ['or', 1],
    ],
  ])

  await app.restart()
  app.input('lines').addFile('b.txt', 'be quick\n')
  await app.advance(seconds(1))
  expect(app.output('print-2').elements.at(-1)).toEqual([
    'be: 3 so far',
    'to: 2 so far',
    'not: 1 so far',
    'or: 1 so far',
    'quick: 1 so far',
  ])
  expect(Object.fromEntries(await app.state('totals'))).toEqual({
    be: 3,
    not: 1,
    or: 1,
    quick: 1,
    to: 2,
  })
})
