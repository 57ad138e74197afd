/**
 * Uploads of objects: which uploads notifications mean, which ones batches have taken, and the time
 * of each. The ledger knows what was taken, and is kept for ever: neither a repeated message nor a
 * listing can bring an upload in twice.
 */
import { mapAtOnce } from '../../../base/concurrency.ts'
import type { ObjectVersion } from '../../../ports/object-store.ts'
import { ledgerKey } from '../../../state/item-keys.ts'
import type { PendingObject } from '../../../state/offsets.ts'
import type { SourcePlace } from '../source-kind.ts'
import { isRefusal } from '../refusals.ts'
import { contentEntries } from './contents.ts'
import { refusedName, type RefusedObject } from './refused-objects.ts'
import { type DueObject, type LeftUpload, type ObjectsReaderParts, uploadName } from './upload.ts'

/**
 * Calls at the same time: enough to hide their latency, without a flood when thousands of messages
 * come.
 */
export const CALLS_AT_ONCE = 64

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

/** What a batch has done with. */
export interface DoneUploads {
  readonly taken: readonly ObjectVersion[]
  readonly refused?: readonly RefusedObject[]
  readonly left?: readonly LeftUpload[]
  /** Whether the ledger also remembers what the taken ones contain, for renames. */
  readonly withContents?: true
}

/**
 * Writes into the ledger that a batch has taken these uploads, put them aside, or left them.
 * `byKey`: also all other uploads of the taken keys.
 */
export const recordUploads = async (
  place: SourcePlace,
  { taken, refused = [], left = [], withContents }: DoneUploads,
  { timeMs, byKey }: { readonly timeMs: number; readonly byKey: boolean },
): Promise<void> => {
  const { store, app, source } = place
  // With `byKey`, the upload is noted too: the next deployment may choose another `onOverwrite`.
  const namesOf = (object: ObjectVersion): readonly string[] =>
    byKey ? [keyName(object), uploadName(object)] : [uploadName(object)]
  const entries = [
    ...taken.flatMap((object) =>
      namesOf(object).map((name) => ({
        ...ledgerKey(app, source, name),
        item: { modifiedMs: object.modifiedMs, takenMs: timeMs },
      })),
    ),
    ...refused.map(({ name }) => ({
      ...ledgerKey(app, source, name),
      item: { takenMs: timeMs, refused: true },
    })),
    ...left.map(({ name }) => ({
      ...ledgerKey(app, source, name),
      item: { takenMs: timeMs, left: true },
    })),
    ...(withContents === true ? taken.flatMap((object) => contentEntries(place, object)) : []),
  ]
  if (entries.length > 0) await store.putAll(entries)
}

/** Uploads that no batch has taken, and what cannot be taken. */
export interface OpenUploads {
  /** Each upload once, in the order of (due, key). */
  readonly open: readonly DueObject[]
  /** Keys without an object. */
  readonly missing: readonly string[]
  /** In the order of (key, name). */
  readonly refused: readonly RefusedObject[]
}

/** What the store says about a notification. */
type Answer =
  | { readonly kind: 'found'; readonly object: DueObject }
  | { readonly kind: 'missing'; readonly key: string }
  | { readonly kind: 'refused'; readonly refused: RefusedObject }

/** The uploads of notifications that no batch has taken. */
export const openUploads = async (
  parts: ObjectsReaderParts,
  notified: readonly PendingObject[],
): Promise<OpenUploads> => {
  const { onOverwrite, filter } = parts
  const wanted = distinct(notified).filter(({ key }) => filter?.(key) !== false)
  const answers = await mapAtOnce(wanted, CALLS_AT_ONCE, async (one) => lookAt(parts, one))
  const uploads = new Map<string, DueObject>()
  const missing = new Set<string>()
  for (const answer of answers) {
    if (answer.kind === 'missing') missing.add(answer.key)
    if (answer.kind === 'found') uploads.set(uploadName(answer.object), answer.object)
  }
  const untaken = await mapAtOnce([...uploads.values()], CALLS_AT_ONCE, async (object) =>
    (await isTaken(parts, object)) ? [] : [object],
  )
  const refused = await mapAtOnce(answers, CALLS_AT_ONCE, async (answer) =>
    answer.kind !== 'refused' || (await isKnown(parts, answer.refused.name))
      ? []
      : [answer.refused],
  )
  const open = untaken.flat().toSorted(byDue)
  return {
    open: onOverwrite === 'ignore' ? firstOfEachKey(open) : open,
    missing: [...missing],
    refused: refused.flat().toSorted((a, b) => (a.key + a.name < b.key + b.name ? -1 : 1)),
  }
}

const lookAt = async ({ objects }: ObjectsReaderParts, pending: PendingObject): Promise<Answer> => {
  const { key, version, eventMs, isCopy } = pending
  try {
    const object = await objects.head(key, version)
    if (object === undefined) return { kind: 'missing', key }
    const dueMs = Math.max(object.modifiedMs, eventMs)
    return { kind: 'found', object: { ...object, dueMs, ...(isCopy ? { isCopy } : {}) } }
  } catch (error) {
    if (!isRefusal(error)) throw error
    const { message } = error
    const named = { key, name: refusedName(pending), message }
    return { kind: 'refused', refused: version === undefined ? named : { ...named, version } }
  }
}

const isKnown = async (
  { store, app, source }: ObjectsReaderParts,
  name: string,
): Promise<boolean> => (await store.get(ledgerKey(app, source, name))) !== undefined

const isTaken = async (parts: ObjectsReaderParts, object: DueObject): Promise<boolean> =>
  (await isKnown(parts, uploadName(object))) ||
  (parts.onOverwrite === 'ignore' && (await isKnown(parts, keyName(object))))

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
    const isLater = known === undefined || pending.eventMs > known.eventMs
    // Of two at the same time, one that tells more.
    const saysMore = pending.eventMs === known?.eventMs && pending.isCopy === true
    if (isLater || saysMore) byName.set(name, pending)
  }
  return [...byName.values()]
}
