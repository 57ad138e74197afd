import { describe, expect, test } from 'vitest'
import { toStoredText } from '../../../lib/adapters/aws/dynamodb-text.ts'
import { MillraceError } from '../../../lib/base/errors.ts'
import type { ItemKey } from '../../../lib/ports/item-store.ts'
import { nameInKey } from '../../../lib/state/item-keys.ts'
import { pipelineOf, World } from '../runtime/harness.ts'
import { Deployed, toBucket } from './deployed.ts'

/** A world whose store refuses keys as DynamoDB does. */
const limitedWorld = (): World => {
  const world = new World()
  const { ...before } = world.store
  const check = ({ partition, sort }: ItemKey): void => {
    const [part, rest] = [partition, sort].map((text) => Buffer.byteLength(toStoredText(text)))
    if ((part ?? 0) > 2_048 || (rest ?? 0) > 1_024)
      throw new MillraceError('STORE_FAILED', { problem: 'The key is too long', value: rest })
  }
  Object.assign(world.store, {
    get: async (key: ItemKey) => {
      check(key)
      return before.get(key)
    },
    putAll: async (items: Parameters<typeof before.putAll>[0]) => {
      items.forEach(check)
      return before.putAll(items)
    },
    compareAndSet: async (...given: Parameters<typeof before.compareAndSet>) => {
      check(given[0])
      return before.compareAndSet(...given)
    },
  })
  return world
}

describe.each([400, 900, 1_000, 1_024])('objects whose keys have %d bytes', (length) => {
  test('count once each, and their bad lines are dead letters', async () => {
    const world = limitedWorld()
    const app = new Deployed(
      pipelineOf((ssc) => ssc.textFileStream('lines').print()),
      { world, sources: { 'textFileStream-1': toBucket } },
    )
    await app.pass()
    const keys = ['a', 'b'].map((last) => `${'k'.repeat(length - 1)}${last}`)
    for (const key of keys) {
      const bytes = Buffer.concat([Uint8Array.of(0xff, 0x0a), Buffer.from(`${key.at(-1)}\n`)])
      const version = app.bucket.write(key, bytes, world.nowMs)
      await app.tell(key, version)
      await app.tell(key, version)
    }
    await app.pass(3)
    await app.drop('short', 'short\n')
    await app.pass(3)
    expect(app.printed().flatMap(([, lines]) => lines)).toEqual(['a', 'b', 'short'])
    expect((await world.deadLetters()).map(([, code]) => code)).toEqual([
      'LINE_NOT_UTF8',
      'LINE_NOT_UTF8',
    ])
  })
})

test.each([
  ['a name of 400 bytes', 'k'.repeat(400), true],
  ['a longer name', 'k'.repeat(401), false],
  ['a name of 400 characters and more bytes', 'ü'.repeat(400), false],
  ['a long name of half characters', '\ud800'.repeat(1_024), false],
])('%s in a sort key: the same is %s', (_, name, isSame) => {
  const key = nameInKey(name)
  expect(key === name).toBe(isSame)
  expect(Buffer.byteLength(toStoredText(key))).toBeLessThan(900)
  expect(nameInKey(`${name}x`)).not.toBe(key)
})
