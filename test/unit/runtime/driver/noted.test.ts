import { expect, test } from 'vitest'
import { MillraceError } from '../../../../lib/base/errors.ts'
import { noted } from '../../../../lib/runtime/driver/noted.ts'
import { readDriverNote } from '../../../../lib/state/driver-note.ts'
import { APP, World } from '../harness.ts'

const keeper = (world: World) => {
  const { store, clock } = world
  const notes = noted({ store, app: APP, generation: 1, clock })
  return {
    succeed: async () => notes.run(async () => undefined),
    fail: async (message: string) => notes.run(async () => Promise.reject(new Error(message))),
    message: async () => (await readDriverNote(store, APP))?.message,
  }
}

test('a failure after a success is noted, and the next success takes it back', async () => {
  const { succeed, fail, message } = keeper(new World())
  for (let round = 1; round <= 2; round++) {
    await succeed()
    await expect(fail(`broken ${round}`)).rejects.toThrow(`broken ${round}`)
    expect(await message()).toContain(`broken ${round}`)
    await succeed()
    expect(await message()).toBeUndefined()
  }
})

test('a note that could not be taken back is taken back later', async () => {
  const world = new World()
  const { succeed, fail, message } = keeper(world)
  await expect(fail('broken')).rejects.toThrow('broken')
  const { ...working } = world.store
  world.store.compareAndSet = () => Promise.reject(new Error('no store'))
  await succeed()
  expect(await message()).toContain('broken')
  Object.assign(world.store, working)
  await succeed()
  expect(await message()).toBeUndefined()
})

test('a store that fails hides no error of the driver', async () => {
  const world = new World()
  world.store.get = () => Promise.reject(new Error('no store'))
  await expect(keeper(world).fail('broken')).rejects.toThrow('broken')
})

/** As a copy of the library without limits would make it. */
const uncut = (): Error =>
  Object.assign(new MillraceError('STORE_FAILED', { problem: 'no' }), { message: 'x'.repeat(1e6) })

test.each([
  ['of a user', new Error('x'.repeat(1e6))],
  ['of Millrace', uncut()],
])('a long message is cut: %s', async (_, error) => {
  const world = new World()
  const { store, clock } = world
  const notes = noted({ store, app: APP, generation: 1, clock })
  await expect(notes.run(() => Promise.reject(error))).rejects.toBe(error)
  expect(await keeper(world).message()).toMatch(/^.{1000,4100}$/s)
})
