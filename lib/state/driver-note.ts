/**
 * A note of what keeps the driver from running: an error outside of any batch. It is for operators
 * alone, and nothing decides by it. The driver makes it, as well as it can, and takes it back when
 * it runs again. A deployment that was replaced may still fail, or run for the last time: it
 * changes nothing that a newer one has left.
 */
import type { Item, ItemStore } from '../ports/item-store.ts'
import { driverNoteKey } from './item-keys.ts'

/** Why the driver does not run. */
export interface DriverNote {
  /** When it last failed. Epoch milliseconds. */
  readonly atMs: number
  /** The generation of the deployment that fails. */
  readonly generation: number
  readonly code: string
  readonly message: string
}

/** The note of an application. Undefined: nothing is known to keep its driver from running. */
export const readDriverNote = async (
  store: ItemStore,
  app: string,
): Promise<DriverNote | undefined> => {
  const item = await store.get(driverNoteKey(app))
  return item === undefined || item['code'] === undefined ? undefined : noteOf(item)
}

const noteOf = (item: Item): DriverNote => {
  const { atMs, generation, code, message } = item as unknown as DriverNote
  return { atMs, generation, code, message }
}

/** Writes a note over the last one, unless that is of a newer generation. */
export const storeDriverNote = async (
  store: ItemStore,
  app: string,
  note: DriverNote,
): Promise<void> => replaceNote(store, app, note.generation, () => ({ ...note }))

/**
 * Takes back the note of this generation or an older one. What is left says that this generation
 * has run. A missing note costs a read, and no write.
 */
export const clearDriverNote = async (
  store: ItemStore,
  app: string,
  generation: number,
): Promise<void> =>
  replaceNote(store, app, generation, (item) =>
    item === undefined || item['code'] === undefined ? undefined : { generation },
  )

const TRIES_MAX = 8

/** `next` gives the item after the one that is stored. Undefined: it stays. */
const replaceNote = async (
  store: ItemStore,
  app: string,
  generation: number,
  next: (stored: Item | undefined) => Item | undefined,
): Promise<void> => {
  const key = driverNoteKey(app)
  for (let tries = 1; tries <= TRIES_MAX; tries++) {
    const stored = await store.get(key)
    if (stored !== undefined && Number(stored['generation']) > generation) return
    const item = next(stored)
    if (item === undefined) return
    const seen =
      stored === undefined ? 'absent' : { generation: stored['generation'], atMs: stored['atMs'] }
    if ((await store.compareAndSet(key, seen, item)).swapped) return
  }
}
