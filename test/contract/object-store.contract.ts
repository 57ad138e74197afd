import { beforeEach, describe, expect, test } from 'vitest'
import type { ObjectStore, ObjectVersion } from '../../lib/ports/object-store.ts'

/** A store that a test can fill. Cleans up by itself when the test has finished. */
export interface StorePlace {
  readonly objects: ObjectStore
  /** Whether it keeps earlier uploads. */
  readonly isVersioned: boolean
  /** Uploads an object as a whole. */
  readonly write: (key: string, bytes: Uint8Array) => Promise<void>
  readonly remove: (key: string) => Promise<void>
}

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text))

const looking = (place: () => StorePlace): void => {
  test('nothing is where nothing was put', async () => {
    expect(await place().objects.head('never')).toBeUndefined()
  })

  test.each([
    'a',
    'in/a',
    'a b',
    'a+b',
    'a%2Bb',
    'ä€😀',
    "it's (*)!",
    'a&b=c?d',
    '_hidden',
    'x'.repeat(700),
  ])('tells of %j, and reads it', async (key) => {
    const { objects, isVersioned, write } = place()
    await write(key, bytes('text'))
    const object = await objects.head(key)
    expect(object).toMatchObject({ key, isVersioned, sizeBytes: 4 })
    expect(object?.modifiedMs).toBeTypeOf('number')
    expect(object?.version).not.toBe('')
    expect(await objects.read(object!)).toEqual({ found: true, bytes: bytes('text') })
  })

  test('tells of what is there now, and no more of what was removed', async () => {
    const { objects, write, remove } = place()
    await write('a', bytes('one'))
    const first = await objects.head('a')
    await write('a', bytes('three'))
    const second = await objects.head('a')
    expect(second).toMatchObject({ sizeBytes: 5 })
    expect(second?.version).not.toBe(first?.version)
    await remove('a')
    expect(await objects.head('a')).toBeUndefined()
  })

  test('says how it is called', () => {
    expect(place().objects.description).toMatch(/\w+ \S+/)
  })
}

const reading = (place: () => StorePlace): void => {
  const written = async (text: string): Promise<ObjectVersion> => {
    await place().write('a', bytes(text))
    return (await place().objects.head('a')) as ObjectVersion
  }

  test.each(['', 'text', '\0\r\n', 'x'.repeat(300_000)])('gives the bytes', async (text) => {
    const object = await written(text)
    expect(object.sizeBytes).toBe(text.length)
    expect(await place().objects.read(object)).toEqual({ found: true, bytes: bytes(text) })
  })

  test.each([
    ['the beginning', 0, 3, 'abc'],
    ['the middle', 2, 5, 'cde'],
    ['the end, and what would be behind it', 4, 90, 'efg'],
  ])('gives %s', async (_, from, to, part) => {
    const object = await written('abcdefg')
    const content = await place().objects.read(object, { from, to })
    expect(content).toEqual({ found: true, bytes: bytes(part) })
  })

  test('what the caller does to the bytes does not reach the object', async () => {
    const object = await written('text')
    const content = await place().objects.read(object)
    if (content.found) content.bytes.fill(0)
    expect(await place().objects.read(object)).toEqual({ found: true, bytes: bytes('text') })
  })

  test('an upload before the last one is read by its version, or was replaced', async () => {
    const { objects, isVersioned, write } = place()
    const object = await written('one')
    await write('a', bytes('two'))
    expect(await objects.read(object)).toEqual(
      isVersioned ? { found: true, bytes: bytes('one') } : { found: false, gone: 'replaced' },
    )
  })

  test('an upload that was removed is read by its version, or is missing', async () => {
    const { objects, isVersioned, remove } = place()
    const object = await written('one')
    await remove('a')
    expect(await objects.read(object)).toEqual(
      isVersioned ? { found: true, bytes: bytes('one') } : { found: false, gone: 'missing' },
    )
  })

  test('an earlier upload is told of by its version, where there are versions', async (context) => {
    const { objects, isVersioned, write, remove } = place()
    if (!isVersioned) return context.skip('this store keeps no versions')
    const object = await written('one')
    await write('a', bytes('three'))
    await remove('a')
    expect(await objects.head('a', object.version)).toEqual(object)
  })
}

const listing = (place: () => StorePlace): void => {
  const filled = async (...keys: readonly string[]): Promise<ObjectStore> => {
    const { objects, write } = place()
    for (const key of keys) await write(key, bytes('x'))
    return objects
  }

  /** The keys of all pages behind a key. */
  const all = async (
    objects: ObjectStore,
    prefix: string,
    after?: string,
  ): Promise<readonly string[]> => {
    const { objects: found, next } = await objects.list(prefix, after)
    return [
      ...found.map(({ key }) => key),
      ...(next === undefined ? [] : await all(objects, prefix, next)),
    ]
  }

  test('an empty store has nothing', async () => {
    expect(await place().objects.list('')).toEqual({ objects: [] })
  })

  test('has all keys below the prefix, in the order of their bytes, each once', async () => {
    const objects = await filled(
      'in/b',
      'in/a',
      'in/a/c',
      'in/ä',
      'in/😀',
      'in/￮',
      'in',
      'inside',
      'other/a',
      'in/Z',
    )
    expect(await all(objects, 'in/')).toEqual([
      'in/Z',
      'in/a',
      'in/a/c',
      'in/b',
      'in/ä',
      'in/￮',
      'in/😀',
    ])
  })

  test('leaves out folders, and names that are hidden or temporary', async () => {
    const hidden = [
      'in/',
      'in/sub/',
      'in/.a',
      'in/_SUCCESS',
      'in/_temporary/a',
      'in/sub/.b/c',
      'in/a._COPYING_',
    ]
    expect(
      await all(await filled(...hidden, 'in/a', 'in/sub/b', 'in/x._COPYING_.txt'), 'in/'),
    ).toEqual(['in/a', 'in/sub/b', 'in/x._COPYING_.txt'])
    expect(await all(place().objects, 'in/_temporary/')).toEqual(['in/_temporary/a'])
  })

  test.each([
    ['in/a', ['in/b', 'in/c']],
    ['in/a0', ['in/b', 'in/c']],
    ['in/c', []],
    ['hello', ['in/a', 'in/b', 'in/c']],
    ['later', []],
  ])('begins behind %j, which need not be there', async (after, expected) => {
    const objects = await filled('in/a', 'in/b', 'in/c')
    expect(await all(objects, 'in/', after)).toEqual(expected)
  })

  test('has the time of the upload that is there now, and nothing that was removed', async () => {
    const { objects, write, remove } = place()
    await filled('in/a', 'in/b')
    await write('in/a', bytes('other'))
    await remove('in/b')
    const head = (await objects.head('in/a')) as ObjectVersion
    const listed = (await objects.list('in/')).objects
    // Where one object is asked for, S3 says its time in whole seconds: it is a header of HTTP
    // there.
    const inSeconds = listed.map(({ key, modifiedMs }) => [key, Math.floor(modifiedMs / 1_000)])
    expect(inSeconds).toEqual([['in/a', Math.floor(head.modifiedMs / 1_000)]])
  })
}

/** What every {@link ObjectStore} promises. */
export const objectStoreContract = (adapter: string, open: () => Promise<StorePlace>): void => {
  describe(`an object store: ${adapter}`, () => {
    let current: StorePlace | undefined
    beforeEach(async () => {
      current = await open()
    })
    const place = (): StorePlace => {
      if (current === undefined) throw new Error('the store is there only in a test')
      return current
    }

    describe('knows objects', () => looking(place))
    describe('reads', () => reading(place))
    describe('lists', () => listing(place))
  })
}
