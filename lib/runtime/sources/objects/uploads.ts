/**
 * Uploads of objects: which uploads notifications mean, which ones batches have taken, and the time
 * of each. The ledger knows what was taken, and is kept for ever: neither a repeated message nor a
 * listing can bring an upload in twice.
 */
import { mapAtOnce } from '../../../base/concurrency.ts'
import type { FileReading, FileSelection } from '../../../dstream/sources/file-selection.ts'
import type { ObjectStore, ObjectVersion } from '../../../ports/object-store.ts'
import { ledgerKey } from '../../../state/item-keys.ts'
import type { PendingObject } from '../../../state/offsets.ts'
import type { Listener } from '../../events.ts'
import type { SourcePlace } from '../source-kind.ts'

/** An upload with its time. */
export interface DueObject extends ObjectVersion {
  /**
   * The later of its modification and its event. The modification time of a multipart upload is
   * when it starts, but the object exists when it ends.
   */
  readonly dueMs: number
}

/** What a reader of objects needs. */
export interface ObjectsReaderParts extends SourcePlace, FileReading {
  readonly objects: ObjectStore
  /** The prefix of the watched keys. Default: all keys. */
  readonly prefix?: string
  /** `'ignore'`: only objects that were modified after the application first started. */
  readonly existing: 'ignore' | 'all'
  /** `'new'`: each upload is read once. `'ignore'`: only the first upload of a key is read. */
  readonly onOverwrite: 'new' | 'ignore'
  /** Whether to take an object, by its key. Default: all objects. */
  readonly filter?: FileSelection['filter']
  readonly report: Listener
}

/**
 * Calls at the same time: enough to hide their latency, without a flood when thousands of messages
 * come.
 */
export const CALLS_AT_ONCE = 64

/** The name of one upload in the ledger. */
const uploadName = ({ key, version, isVersioned, modifiedMs }: ObjectVersion): string =>
  // The same content has the same entity tag, so the time distinguishes the uploads.
  isVersioned ? `${version}#${key}` : `${version}@${modifiedMs}#${key}`

/** The name of all uploads of a key in the ledger. It is unique, because no version is empty. */
const keyName = ({ key }: ObjectVersion): string => `#${key}`

/** Sorts by the time of the upload, then by key, then in the order of the uploads. */
const byDue = (a: DueObject, b: DueObject): number =>
  a.dueMs - b.dueMs ||
  (a.key < b.key
    ? -1
    : a.key > b.key
      ? 1
      : a.modifiedMs - b.modifiedMs || (a.version < b.version ? -1 : 1))

/**
 * Writes into the ledger that a batch has taken these uploads. `byKey`: also all other uploads of
 * their keys.
 */
export const recordUploads = async (
  { store, app, source }: SourcePlace,
  taken: readonly ObjectVersion[],
  { timeMs, byKey }: { readonly timeMs: number; readonly byKey: boolean },
): Promise<void> => {
  // With `byKey`, the upload is noted too: the next deployment may choose another `onOverwrite`.
  const namesOf = (object: ObjectVersion): readonly string[] =>
    byKey ? [keyName(object), uploadName(object)] : [uploadName(object)]
  const entries = taken.flatMap((object) =>
    namesOf(object).map((name) => ({
      ...ledgerKey(app, source, name),
      item: { modifiedMs: object.modifiedMs, takenMs: timeMs },
    })),
  )
  if (entries.length > 0) await store.putAll(entries)
}

/** Uploads that no batch has taken, and keys without an object. */
export interface OpenUploads {
  /** Each upload once, in the order of (due, key). */
  readonly open: readonly DueObject[]
  readonly missing: readonly string[]
}

/** The uploads of notifications that no batch has taken. */
export const openUploads = async (
  parts: ObjectsReaderParts,
  notified: readonly PendingObject[],
  startedMs: number,
): Promise<OpenUploads> => {
  const { objects, existing, onOverwrite, filter } = parts
  const wanted = distinct(notified).filter(({ key }) => filter?.(key) !== false)
  const found = await mapAtOnce(wanted, CALLS_AT_ONCE, async (pending) => ({
    pending,
    object: await objects.head(pending.key, pending.version),
  }))
  const uploads = new Map<string, DueObject>()
  const missing = new Set<string>()
  for (const { pending, object } of found) {
    if (object === undefined) {
      missing.add(pending.key)
      continue
    }
    const dueMs = Math.max(object.modifiedMs, pending.eventMs)
    if (existing === 'all' || dueMs > startedMs)
      uploads.set(uploadName(object), { ...object, dueMs })
  }
  const untaken = await mapAtOnce([...uploads.values()], CALLS_AT_ONCE, async (object) =>
    (await isTaken(parts, object)) ? [] : [object],
  )
  const open = untaken.flat().toSorted(byDue)
  return { open: onOverwrite === 'ignore' ? firstOfEachKey(open) : open, missing: [...missing] }
}

const isTaken = async (
  { store, app, source, onOverwrite }: ObjectsReaderParts,
  object: DueObject,
): Promise<boolean> => {
  const isKnown = async (name: string): Promise<boolean> =>
    (await store.get(ledgerKey(app, source, name))) !== undefined
  return (
    (await isKnown(uploadName(object))) ||
    (onOverwrite === 'ignore' && (await isKnown(keyName(object))))
  )
}

const firstOfEachKey = (objects: readonly DueObject[]): readonly DueObject[] => {
  const keys = new Set<string>()
  return objects.filter(({ key }) => !keys.has(key) && keys.add(key))
}

/**
 * Each object and version once, with its last event: without versions, this is the event of the
 * current upload.
 */
const distinct = (notified: readonly PendingObject[]): readonly PendingObject[] => {
  const byName = new Map<string, PendingObject>()
  for (const pending of notified) {
    const name = `${pending.version ?? ''}#${pending.key}`
    const known = byName.get(name)
    if (known === undefined || pending.eventMs > known.eventMs) byName.set(name, pending)
  }
  return [...byName.values()]
}
