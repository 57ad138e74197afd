/**
 * Recognises objects that were renamed, for `onRename: 'ignore'`. S3 has no renames: a tool copies
 * the object, and deletes the first one. What stays the same is the size and the entity tag.
 *
 * An object was renamed if an object of the same content was taken, and
 *
 * - its event says that it is a copy, or
 * - what was taken was a later copy of it, which was told first, or
 * - it has another key, and the first key does not have that content any more.
 *
 * So two uploads of equal content count twice as long as both are there. Until the first of them is
 * in the ledger, the others wait: it may be gone before it is read, and then one of them counts.
 *
 * It costs one more write for each object taken, one more read of the ledger for each new object,
 * and a question to the bucket for each one whose content is known and that is no copy.
 */
import { mapAtOnce } from '../../../base/concurrency.ts'
import type { KeyedItem } from '../../../ports/item-store.ts'
import type { ObjectVersion } from '../../../ports/object-store.ts'
import { ledgerKey } from '../../../state/item-keys.ts'
import type { SourcePlace } from '../source-kind.ts'
import type { DueObject, ObjectsReaderParts } from './upload.ts'

/** Calls at the same time. */
const CALLS_AT_ONCE = 64

/** The content of an object, as far as the store tells. Undefined: it has none. */
const contentOf = ({ entityTag, version, sizeBytes }: ObjectVersion): string | undefined =>
  sizeBytes === 0 ? undefined : `${entityTag ?? version}${sizeBytes}`

/** The name of a content in the ledger. No version and no other name begins with an equals sign. */
const contentName = (content: string): string => `=${content}`

/** What the ledger says when an object was taken: its content, and the key. */
export const contentEntries = (
  { app, source }: SourcePlace,
  object: ObjectVersion & Pick<DueObject, 'isCopy'>,
): readonly KeyedItem[] => {
  const content = contentOf(object)
  if (content === undefined) return []
  const { key, modifiedMs, isCopy = false } = object
  return [{ ...ledgerKey(app, source, contentName(content)), item: { key, modifiedMs, isCopy } }]
}

/** Uploads, with those that were only renamed apart. */
export interface NamedUploads {
  readonly open: readonly DueObject[]
  /** They have the content of an object that was taken under another key. */
  readonly renamed: readonly DueObject[]
  /** They have the content of another one of these uploads: the next batch tells. */
  readonly undecided: readonly DueObject[]
}

/** Finds uploads that were only renamed. */
export const findRenamed = async (
  parts: ObjectsReaderParts,
  uploads: readonly DueObject[],
): Promise<NamedUploads> => {
  if (parts.onRename !== 'ignore') return { open: uploads, renamed: [], undecided: [] }
  const seen = new Map<string, string>()
  const judged = await mapAtOnce(uploads, CALLS_AT_ONCE, async (object) => {
    const known = await knownContent(parts, object)
    return { object, known, isSame: await isRenamed(parts, object, known) }
  })
  const found = {
    open: [] as DueObject[],
    renamed: [] as DueObject[],
    undecided: [] as DueObject[],
  }
  for (const { object, known, isSame } of judged) {
    const content = contentOf(object)
    const first = content === undefined ? undefined : seen.get(content)
    const mayBeSame = first !== undefined && (first !== object.key || object.isCopy === true)
    if (isSame) found.renamed.push(object)
    else if (known === undefined && mayBeSame) found.undecided.push(object)
    else found.open.push(object)
    if (content !== undefined && !isSame) seen.set(content, first ?? object.key)
  }
  return found
}

/** An object whose content was taken. */
interface KnownContent {
  readonly key: string
  readonly modifiedMs: number
  readonly isCopy: boolean
}

/** The object by which this content was taken. */
const knownContent = async (
  { store, app, source }: ObjectsReaderParts,
  object: ObjectVersion,
): Promise<KnownContent | undefined> => {
  const content = contentOf(object)
  if (content === undefined) return undefined
  const entry = await store.get(ledgerKey(app, source, contentName(content)))
  return entry as KnownContent | undefined
}

const isRenamed = async (
  { objects }: ObjectsReaderParts,
  object: DueObject,
  known: KnownContent | undefined,
): Promise<boolean> => {
  // A copy under the known key, too: the object was renamed back, or copied onto itself.
  if (known === undefined || object.isCopy === true) return known !== undefined
  // The copy was told, and taken, before its origin.
  if (known.isCopy && object.modifiedMs <= known.modifiedMs) return true
  if (known.key === object.key) return false
  const there = await objects.head(known.key)
  return there === undefined || contentOf(there) !== contentOf(object)
}
