/**
 * Uploads of objects: which ones the announcements mean, which were taken before, and when each of
 * them counts. The ledger knows what was taken, and lasts: neither a message that comes again nor a
 * listing brings an upload in twice.
 */
import { inGroups } from '../../../base/all-or-first-error.ts'
import type { FileSelection } from '../../../dstream/sources/file-selection.ts'
import type { ObjectStore, ObjectVersion } from '../../../ports/object-store.ts'
import { ledgerKey } from '../../../state/item-keys.ts'
import type { PendingObject } from '../../../state/offsets.ts'
import type { Listener } from '../../events.ts'
import type { SourcePlace } from '../source-kind.ts'

/** An upload with the time that counts for it. */
export interface DueObject extends ObjectVersion {
  /**
   * The later of its modification and its event: a multipart upload is modified when it begins, and
   * there when it ends.
   */
  readonly dueMs: number
}

/** What a source of objects works with. */
export interface ObjectsReaderParts extends SourcePlace {
  readonly objects: ObjectStore
  /** What the keys of the watched objects begin with. Default: all are watched. */
  readonly prefix?: string
  /** `'ignore'`: only what was modified after the application first started. */
  readonly existing: 'ignore' | 'all'
  /** `'new'`: each upload is read once. `'ignore'`: each key is read once, whatever follows. */
  readonly onOverwrite: 'new' | 'ignore'
  /** Whether an object is taken, by its key. Default: all are. */
  readonly filter?: FileSelection['filter']
  /** Makes the elements of an object. Default: its lines. */
  readonly read?: FileSelection['read']
  readonly report: Listener
}

/** Calls side by side: enough to hide their way, and no storm when thousands of messages come. */
export const CALLS_AT_ONCE = 64

/** The name of one upload in the ledger. */
const uploadName = ({ key, version, isVersioned, modifiedMs }: ObjectVersion): string =>
  // An entity tag comes again with the same content; its time tells the uploads apart.
  isVersioned ? `${version}#${key}` : `${version}@${modifiedMs}#${key}`

/** The name of all uploads under a key in the ledger: no version is empty. */
const keyName = ({ key }: ObjectVersion): string => `#${key}`

/** By the time that counts, then by key, then in the order in which the uploads were made. */
const byDue = (a: DueObject, b: DueObject): number =>
  a.dueMs - b.dueMs ||
  (a.key < b.key
    ? -1
    : a.key > b.key
      ? 1
      : a.modifiedMs - b.modifiedMs || (a.version < b.version ? -1 : 1))

/**
 * Writes into the ledger that a batch has taken these uploads; `byKey`: and with them all that is
 * uploaded under their keys.
 */
export const recordUploads = async (
  { store, app, source }: SourcePlace,
  taken: readonly ObjectVersion[],
  { timeMs, byKey }: { readonly timeMs: number; readonly byKey: boolean },
): Promise<void> => {
  // The upload too, where the key would do: the choice may be another one after the next
  // deployment.
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

/** Uploads that no batch has taken, and the keys under which nothing is any more. */
export interface OpenUploads {
  /** Each upload once, by (due, key). */
  readonly open: readonly DueObject[]
  readonly missing: readonly string[]
}

/** The uploads that announcements mean and that no batch has taken. */
export const openUploads = async (
  parts: ObjectsReaderParts,
  announced: readonly PendingObject[],
  startedMs: number,
): Promise<OpenUploads> => {
  const { objects, existing, onOverwrite, filter } = parts
  const wanted = distinct(announced).filter(({ key }) => filter?.(key) !== false)
  const found = await inGroups(wanted, CALLS_AT_ONCE, async (pending) => ({
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
  const untaken = await inGroups([...uploads.values()], CALLS_AT_ONCE, async (object) =>
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
 * Each object and version once. Of several events the last: without versions it is that of the
 * upload which is there now.
 */
const distinct = (announced: readonly PendingObject[]): readonly PendingObject[] => {
  const byName = new Map<string, PendingObject>()
  for (const pending of announced) {
    const name = `${pending.version ?? ''}#${pending.key}`
    const known = byName.get(name)
    if (known === undefined || pending.eventMs > known.eventMs) byName.set(name, pending)
  }
  return [...byName.values()]
}
