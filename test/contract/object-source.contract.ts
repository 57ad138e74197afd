import { beforeEach, describe, expect, test } from 'vitest'
import type { ObjectSource, ObjectSummary } from '../../lib/ports/object-source.ts'
import { expectError } from './errors.ts'

/** A place that a test can fill. Cleans up by itself when the test has finished. */
export interface ObjectPlace {
  readonly source: ObjectSource
  /**
   * Puts an object in place, complete, or replaces it. Gives its time as a listing must show it.
   */
  readonly write: (key: string, bytes: Uint8Array, modifiedMs: number) => Promise<number>
  readonly remove: (key: string) => Promise<void>
  /**
   * Why an object cannot grow in place here, if so: then one that was written anew is another one.
   */
  readonly growsNever?: string
  /** Takes the place itself away with all that is in it, or undefined where that cannot be. */
  readonly removePlace: (() => Promise<void>) | undefined
}

const NOON_MS = Date.UTC(2026, 0, 1, 12)
const bytes = (text: string): Buffer => Buffer.from(text)

const byKey = (summaries: readonly ObjectSummary[]): readonly ObjectSummary[] =>
  summaries.toSorted((a, b) => (a.key < b.key ? -1 : 1))

const listing = (place: () => ObjectPlace): void => {
  test('an empty place has nothing', async () => {
    expect(await place().source.list()).toEqual([])
  })

  test('shows name, time and size', async () => {
    const { source, write } = place()
    const first = await write('b.txt', bytes('ä'), NOON_MS + 1)
    const second = await write('a.txt', bytes(''), NOON_MS + 999)
    expect(byKey(await source.list())).toMatchObject([
      { key: 'a.txt', modifiedMs: second, sizeBytes: 0 },
      { key: 'b.txt', modifiedMs: first, sizeBytes: 2 },
    ])
  })

  test.each([
    'a b',
    'ä€😀',
    '%41',
    'a_',
    'a.b.',
    '#',
    'COPYING',
    'x._COPYING_.txt',
    'a'.repeat(200),
  ])('shows %j', async (key) => {
    const { source, write } = place()
    const modifiedMs = await write(key, bytes('x'), NOON_MS)
    expect(await source.list()).toMatchObject([{ key, modifiedMs, sizeBytes: 1 }])
    expect(await source.read({ key, modifiedMs, sizeBytes: 1 })).toMatchObject({ found: true })
  })

  test.each(['.hidden', '_SUCCESS', '_temporary', '.a.crc', 'a.txt._COPYING_'])(
    'does not show %j',
    async (key) => {
      const { source, write } = place()
      await write(key, bytes('x'), NOON_MS)
      expect(await source.list()).toEqual([])
    },
  )

  test('shows thousands, and none twice', async () => {
    const { source, write } = place()
    const keys = Array.from({ length: 1_100 }, (_, index) => `file-${index}`)
    for (const key of keys) await write(key, bytes('x'), NOON_MS)
    expect((await source.list()).map(({ key }) => key).toSorted()).toEqual(keys.toSorted())
  })

  test('shows what was replaced as it is now, and not what was removed', async () => {
    const { source, write, remove } = place()
    await write('a', bytes('1'), NOON_MS)
    await write('b', bytes('1'), NOON_MS)
    const modifiedMs = await write('a', bytes('22'), NOON_MS + 2_000)
    await remove('b')
    expect(await source.list()).toMatchObject([{ key: 'a', modifiedMs, sizeBytes: 2 }])
  })
}

const reading = (place: () => ObjectPlace): void => {
  const written = async (text: string): Promise<ObjectSummary> => {
    await place().write('a', bytes(text), NOON_MS)
    const [summary] = await place().source.list()
    if (summary === undefined) throw new Error('the object is not listed')
    return summary
  }

  test.each(['', 'text', '\0\r\n', 'x'.repeat(300_000)])('gives the bytes', async (text) => {
    const content = await place().source.read(await written(text))
    expect(content.found && Buffer.from(content.bytes).toString()).toBe(text)
  })

  test('what the caller does to the bytes does not reach the object', async () => {
    const summary = await written('text')
    const content = await place().source.read(summary)
    if (content.found) content.bytes.fill(0)
    expect(await place().source.read(summary)).toMatchObject({
      found: true,
      bytes: Uint8Array.from(bytes('text')),
    })
  })

  test('an object that was removed is missing', async () => {
    const summary = await written('text')
    await place().remove('a')
    expect(await place().source.read(summary)).toEqual({ found: false, gone: 'missing' })
  })

  test.each([
    ['shorter', 'tex', NOON_MS],
    ['later', 'text', NOON_MS + 2_000],
    ['earlier', 'text', NOON_MS - 2_000],
    ['later and longer', 'text and more', NOON_MS + 2_000],
  ])('an object that is %s now was replaced', async (_, text, modifiedMs) => {
    const summary = await written('text')
    await place().write('a', bytes(text), modifiedMs)
    expect(await place().source.read(summary)).toEqual({ found: false, gone: 'replaced' })
  })

  test('what was added within the same time is not given', async (context) => {
    const { growsNever } = place()
    if (growsNever !== undefined) return context.skip(growsNever)
    const summary = await written('text')
    await place().write('a', bytes('text and more'), NOON_MS)
    const content = await place().source.read(summary)
    expect(content.found && Buffer.from(content.bytes).toString()).toBe('text')
  })

  test.each(['../a', 'sub/../../a', '..', '.'])(
    'a name that leads elsewhere, %j, is missing',
    async (key) => {
      await written('text')
      const content = await place().source.read({ key, modifiedMs: NOON_MS, sizeBytes: 0 })
      expect(content.found).toBe(false)
    },
  )
}

const places = (place: () => ObjectPlace): void => {
  test('a place that is not there can neither be listed nor read', async (context) => {
    const { source, write, removePlace } = place()
    if (removePlace === undefined) return context.skip('this place cannot go away')
    const modifiedMs = await write('a', bytes('x'), NOON_MS)
    await removePlace()
    await expectError(() => source.list(), 'DIRECTORY_MISSING', true)
    // Not missing: the place may come back, and the object with it.
    await expectError(
      () => source.read({ key: 'a', modifiedMs, sizeBytes: 1 }),
      'DIRECTORY_MISSING',
      true,
    )
  })

  test('says how it is called', () => {
    expect(place().source.description).toMatch(/\w+ \S+/)
  })
}

/** What every {@link ObjectSource} promises. */
export const objectSourceContract = (adapter: string, open: () => Promise<ObjectPlace>): void => {
  describe(`an object source: ${adapter}`, () => {
    let current: ObjectPlace | undefined
    beforeEach(async () => {
      current = await open()
    })
    const place = (): ObjectPlace => {
      if (current === undefined) throw new Error('the place is there only in a test')
      return current
    }

    describe('lists', () => listing(place))
    describe('reads', () => reading(place))
    describe('is a place', () => places(place))
  })
}
