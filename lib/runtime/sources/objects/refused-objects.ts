/**
 * Objects that are put aside unread: the store refuses to give them, because of rights or keys, or
 * because they are in an archive; or they are late, and their source wants it so. Each is put aside
 * with its name, and the others go on. If the rights to most objects are missing, the application
 * is wrong and not the objects: then the batch fails, and all objects stay where they are (B9).
 * Archived and late objects say nothing of the application: there may be a million.
 */
import { MillraceError } from '../../../base/errors.ts'
import {
  type DeadLetter,
  deadLetterOfFile,
  type FileReference,
} from '../../../state/dead-letters.ts'
import type { PendingObject } from '../../../state/offsets.ts'

/** An object that is put aside unread. */
export interface RefusedObject {
  readonly key: string
  /** The version, if the notification named one. */
  readonly version?: string
  /** The name of the object in the ledger. */
  readonly name: string
  readonly message: string
  /** Default: `OBJECT_REFUSED`. */
  readonly code?: 'OBJECT_ARCHIVED' | 'OBJECT_LATE'
  /** The upload, if the store has said which one it is. Then it can be redriven. */
  readonly upload?: FileReference
}

/** More refused objects than this, and more than the others, are not the fault of the objects. */
const REFUSED_MAX = 10

/**
 * The name in the ledger of a notification whose object cannot even be looked at. No version begins
 * with an exclamation mark, so it is not the name of an upload.
 */
export const refusedName = ({ key, version, eventMs }: PendingObject): string =>
  version === undefined ? `!@${eventMs}#${key}` : `!${version}#${key}`

/** Throws if so many objects are refused that something else is wrong. */
export const checkRefused = (all: readonly RefusedObject[], others: number): void => {
  const refused = all.filter(({ code }) => code === undefined)
  const [first] = refused
  const readable = others + all.length - refused.length
  if (first === undefined || refused.length <= REFUSED_MAX || refused.length <= readable) return
  throw new MillraceError('OBJECT_UNREADABLE', {
    problem: `${refused.length} objects of a batch are refused: it is not the fault of one`,
    value: first.key,
    fix: 'give the application the rights to its objects and their keys; then it goes on',
    cause: new Error(first.message),
  })
}

/**
 * The dead letter of a refused object. It can be redriven if only its bytes were refused. Otherwise
 * it holds the name, and a listing finds the object when the rights are there.
 */
export const deadLetterOfRefused = (
  source: string,
  { key, version, message, code, upload }: RefusedObject,
): DeadLetter => {
  const reason = { code: code ?? 'OBJECT_REFUSED', message }
  if (upload !== undefined) return { ...deadLetterOfFile(source, upload, undefined), ...reason }
  const data = Buffer.from(key)
  const position = version === undefined ? key : `${key}?versionId=${version}`
  return { source, position, ...reason, data, sizeBytes: data.byteLength }
}
