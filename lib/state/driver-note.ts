/**
 * A note of what keeps the driver from running: an error outside of any batch. It is for operators
 * alone, and nothing decides by it. The driver makes it, as well as it can, and takes it back when
 * it runs again.
 */
import type { ItemStore } from '../ports/item-store.ts'
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
  if (item === undefined) return undefined
  const { atMs, generation, code, message } = item as unknown as DriverNote
  return { atMs, generation, code, message }
}

/** Writes a note over the last one. */
export const storeDriverNote = async (
  store: ItemStore,
  app: string,
  note: DriverNote,
): Promise<void> => store.putAll([{ ...driverNoteKey(app), item: { ...note } }])

/** Takes the note back. A missing one costs a read, and no write. */
export const clearDriverNote = async (store: ItemStore, app: string): Promise<void> => {
  if ((await readDriverNote(store, app)) !== undefined) await store.deleteAll([driverNoteKey(app)])
}
