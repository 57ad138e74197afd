import { describe, expect, test } from 'vitest'
import { memoryItemStore } from '../../../lib/adapters/memory/memory-item-store.ts'
import { type Head, type HeadCondition, HeadStore } from '../../../lib/state/head.ts'
import { headKey } from '../../../lib/state/item-keys.ts'

const FIRST: Head = {
  generation: 1,
  plan: 'hash',
  sources: ['lines'],
  status: 'running',
  epoch: 0,
  owner: undefined,
  leaseEndMs: 0,
  startedMs: 900,
  zeroMs: 0,
  doneMs: 0,
  manifest: undefined,
  afterCommit: undefined,
  offsets: {},
  wakeMs: 0,
  logged: undefined,
  reason: undefined,
  load: undefined,
}

const SEGMENT = { node: '@manifest', part: 0, at: '1', by: 'a', chunks: 1, bytes: 2, checksum: 3 }

const FULL: Head = {
  generation: 3,
  plan: 'other',
  sources: ['lines'],
  status: 'failed',
  epoch: 7,
  owner: 'attempt7',
  leaseEndMs: 5_000,
  startedMs: 900,
  zeroMs: 0,
  doneMs: 2_000,
  manifest: SEGMENT,
  afterCommit: {
    deadLetterEpoch: 7,
    deadLettersKeptMs: 5,
    outputs: [{ location: { kind: 'files', path: 'out' }, timeMs: 2_000, generation: 3, epoch: 7 }],
  },
  offsets: { lines: { 'lane#1': '17', __proto__x: '5' } },
  wakeMs: 1_500,
  logged: { timeMs: 3_000, input: SEGMENT, attempts: 2, firstMs: 3_001, retryMs: 4_000 },
  reason: { code: 'BATCH_FAILED', message: 'why\nnot' },
  load: {
    factor: 2.5,
    heldBy: 'time',
    samples: [{ timeMs: 2_000, delayMs: 5, factor: 2.5, records: 1, bytes: 2, objects: 3 }],
  },
}

const headStore = async (head: Head): Promise<HeadStore> => {
  const heads = new HeadStore(memoryItemStore(), 'app')
  await heads.create(head)
  return heads
}

test.each<[string, Head]>([
  ['the first', FIRST],
  ['with all attributes', FULL],
  ['with an inline input', { ...FULL, logged: { ...FULL.logged!, input: '{"timeMs":3000}' } }],
])('a head is read as it was written: %s', async (_, head) => {
  expect(await (await headStore(head)).read()).toEqual(head)
})

test.each<[unknown, boolean]>([
  [undefined, false],
  [4, false],
  [5, true],
  [6, true],
  [7, true],
  [8, false],
  ['7', false],
])('a head of store format %s is read: %s', async (format, isRead) => {
  const store = memoryItemStore()
  const heads = new HeadStore(store, 'app')
  await heads.create(FULL)
  await store.put(headKey('app'), {
    ...(await store.get(headKey('app'))),
    format: format as number,
  })
  const read = heads.read()
  if (!isRead) return expect(read).rejects.toMatchObject({ code: 'STORE_UNREADABLE' })
  expect(await read).toEqual(FULL)
  // The next write has the newest format.
  await heads.swap(FULL, ['epoch'], { ...FULL, wakeMs: 9 })
  expect(await store.get(headKey('app'))).toMatchObject({ format: 7 })
})

test('there is no head before the first, and the first is created once', async () => {
  const heads = new HeadStore(memoryItemStore(), 'app')
  expect(await heads.read()).toBeUndefined()
  expect(await heads.create(FIRST)).toEqual({ swapped: true, head: FIRST })
  expect(await heads.create({ ...FIRST, startedMs: 1 })).toEqual({ swapped: false, head: FIRST })
})

test('a removed head is undefined', async () => {
  const store = memoryItemStore()
  const heads = new HeadStore(store, 'app')
  await heads.create(FIRST)
  await store.deleteAll([headKey('app')])
  expect(await heads.swap(FIRST, ['epoch'], { ...FIRST, epoch: 1 })).toEqual({
    swapped: false,
    head: undefined,
  })
})

describe('a swap', () => {
  test.each<[string, HeadCondition, Partial<Head>, boolean]>([
    ['succeeds when nothing has changed', ['epoch', 'owner', 'doneMs', 'next'], {}, true],
    ['is refused when a named attribute has changed', ['epoch'], { epoch: 8 }, false],
    ['succeeds when another attribute has changed', ['epoch'], { wakeMs: 9 }, true],
    ['is refused when an attempt has taken the lease', ['owner'], { owner: 'thief' }, false],
    ['is refused when the owner has returned the lease', ['owner'], { owner: undefined }, false],
    [
      'is refused when another batch is logged',
      ['next'],
      { logged: { ...FULL.logged!, timeMs: 4_000 } },
      false,
    ],
    ['is refused when no batch is logged any more', ['next'], { logged: undefined }, false],
    [
      'succeeds when the same batch has another input',
      ['next'],
      { logged: { ...FULL.logged!, input: 'x' } },
      true,
    ],
  ])('%s', async (_, condition, meanwhile, swapped) => {
    const now = { ...FULL, ...meanwhile }
    const heads = await headStore(now)
    const next = { ...FULL, status: 'running' as const }
    expect(await heads.swap(FULL, condition, next)).toEqual(
      swapped ? { swapped, head: next } : { swapped, head: now },
    )
    expect(await heads.read()).toEqual(swapped ? next : now)
  })

  test.each<[string, string, Partial<Head>]>([
    ['done goes back', 'B6', { doneMs: 1_000, logged: undefined }],
    ['the generation goes back', 'B10', { generation: 2 }],
    ['a logged batch changes its time', 'B2', { logged: { ...FULL.logged!, timeMs: 4_000 } }],
    ['a logged batch disappears without a commit', 'B2', { logged: undefined }],
  ])('stops when %s', async (_, id, change) => {
    const heads = await headStore(FULL)
    await expect(heads.swap(FULL, [], { ...FULL, ...change })).rejects.toMatchObject({
      code: 'INVARIANT_BROKEN',
      message: expect.stringContaining(id) as string,
    })
    expect(await heads.read()).toEqual(FULL)
  })
})
