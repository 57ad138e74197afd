import { beforeEach, describe, expect, test } from 'vitest'
import type { BlobStore } from '../../lib/ports/blob-store.ts'

/** What every {@link BlobStore} promises. */
export const blobStoreContract = (adapter: string, open: () => Promise<BlobStore>): void => {
  describe(`a blob store: ${adapter}`, () => {
    let current: BlobStore | undefined
    beforeEach(async () => {
      current = await open()
    })
    const store = (): BlobStore => {
      if (current === undefined) throw new Error('the store is open only in a test')
      return current
    }

    test.each<[string, Uint8Array]>([
      ['nothing', new Uint8Array()],
      ['a few bytes', Uint8Array.of(0, 255, 13, 10)],
      ['400 KB', new Uint8Array(400_000).fill(7)],
    ])('comes back as it was: %s', async (_, bytes) => {
      await store().put('a', bytes)
      expect(await store().get('a')).toEqual(new Uint8Array(bytes))
    })

    test('what was never written is not there', async () => {
      expect(await store().get('never')).toBeUndefined()
    })

    test.each([
      'a',
      'a.b',
      'a~b-c_d',
      '%23',
      '%2523',
      'clicks%23seg%23n%230/000000000001000%23abc%230',
      'x'.repeat(700),
    ])('%j is a name of its own', async (name) => {
      await store().put(name, Buffer.from(name))
      await store().put(`${name}a`.slice(-700), Buffer.from('other'))
      await store().put('#', Buffer.from('other'))
      if (name.length < 700)
        expect(Buffer.from((await store().get(name)) ?? []).toString()).toBe(name)
      else expect(await store().get(name)).toBeDefined()
    })

    test('the last one wins', async () => {
      await store().put('a', Buffer.from('long before'))
      await store().put('a', Buffer.from('after'))
      expect(Buffer.from((await store().get('a')) ?? []).toString()).toBe('after')
    })

    test.each(['Uint8Array', 'Buffer'])('bytes are the caller’s (%s)', async (kind) => {
      const bytes = kind === 'Buffer' ? Buffer.from([1, 2]) : Uint8Array.of(1, 2)
      const putting = store().put('a', bytes)
      bytes.fill(9)
      await putting
      const got = await store().get('a')
      expect(got).toEqual(Uint8Array.of(1, 2))
      got?.fill(8)
      expect(await store().get('a')).toEqual(Uint8Array.of(1, 2))
    })

    test('many are removed in one call, and what is not there is no error', async () => {
      const names = Array.from({ length: 1_050 }, (_, index) => `blob/${index}`)
      for (const name of names.slice(0, 20)) await store().put(name, Buffer.from(name))
      await store().put('kept', Buffer.from('kept'))
      await store().deleteAll(names)
      await store().deleteAll([...names.slice(0, 2), 'blob/0'])
      await store().deleteAll([])
      for (const name of names.slice(0, 20)) expect(await store().get(name)).toBeUndefined()
      expect(await store().get('kept')).toBeDefined()
    })
  })
}
