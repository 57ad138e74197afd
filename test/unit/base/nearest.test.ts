import { expect, test } from 'vitest'
import { nearestTo } from '../../../lib/base/nearest.ts'

const COMMANDS = ['init', 'run', 'status', 'skip', 'reset', 'redrive', 'dead-letters']

test.each([
  ['rnu', 'run'],
  ['urn', 'run'],
  ['statu', 'status'],
  ['statsu', 'status'],
  ['dead-leters', 'dead-letters'],
  ['deadletters', 'dead-letters'],
  ['run', 'run'],
  ['walk', undefined],
  ['', undefined],
  ['r', undefined],
])('%j means %j', (word, meant) => {
  expect(nearestTo(word, COMMANDS)).toBe(meant)
})

test('nothing is near to nothing', () => {
  expect(nearestTo('run', [])).toBeUndefined()
})
