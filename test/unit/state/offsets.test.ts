import { expect, test } from 'vitest'
import { type Offsets, offsetsAfter, type OffsetsPart } from '../../../lib/state/offsets.ts'

const PROGRESS = { place: 'b/in', round: 1, begunMs: 1, dueMs: 2 } as const
const PENDING = [{ key: 'a', eventMs: 5 }]
const ALL: Offsets = {
  lanes: { a: '1', b: '2' },
  files: { taken: 3 },
  listing: { pending: PENDING, progress: PROGRESS },
  queue: { taken: 4, process: 'p' },
}

test.each<{
  what: string
  before: Offsets | undefined
  own: readonly OffsetsPart[]
  after: Offsets
  want: Offsets
}>([
  {
    what: 'the first batch of a source',
    before: undefined,
    own: ['lanes'],
    after: { lanes: { a: '1' } },
    want: { lanes: { a: '1' } },
  },
  {
    what: 'a lane that continues',
    before: { lanes: { a: '1', b: '2' } },
    own: ['lanes'],
    after: { lanes: { a: '9', b: '2' } },
    want: { lanes: { a: '9', b: '2' } },
  },
  {
    what: 'a drained lane, which its reader leaves out',
    before: { lanes: { a: '1', b: '2' } },
    own: ['lanes'],
    after: { lanes: { b: '2' } },
    want: { lanes: { b: '2' } },
  },
  {
    what: 'a part that its reader leaves out',
    before: { lanes: { a: '1' }, files: { taken: 3 } },
    own: ['lanes', 'files'],
    after: { lanes: { a: '1' } },
    want: { lanes: { a: '1' } },
  },
  {
    what: 'parts of other kinds, which stay, except the progress of a listing',
    before: ALL,
    own: ['files'],
    after: { files: { taken: 4 } },
    want: { ...ALL, files: { taken: 4 }, listing: { pending: PENDING } },
  },
  {
    what: 'a listing of its own, which continues',
    before: ALL,
    own: ['lanes', 'listing'],
    after: { lanes: { a: '2' }, listing: { pending: [], progress: PROGRESS } },
    want: { ...ALL, lanes: { a: '2' }, listing: { pending: [], progress: PROGRESS } },
  },
])('the offsets after a batch: $what', ({ before, own, after, want }) => {
  expect(offsetsAfter(before, own, after)).toEqual(want)
})
