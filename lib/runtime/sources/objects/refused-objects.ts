/**
 * Objects that the store refuses to give: no rights to them or to their key, or in an archive. Each
 * is put aside with its name, and the others go on. If the rights to most objects are missing, the
 * application is wrong and not the objects: then the batch fails, and all objects stay where they
 * are (B9). Archived objects say nothing of the application: a bucket may have a million of them.
 */
import { MillraceError } from '../../../base/errors.ts'
import {
  type DeadLetter,
  deadLetterOfFile,
  type FileReference,
} from '../../../state/dead-letters.ts'
import type { PendingObject } from '../../../state/offsets.ts'

/** An object that the store refuses to give. */
export interface RefusedObject {
  readonly key: string
  /** The version, if the notification named one. */
  readonly version?: string
  /** The name of the object in the ledger. */
  readonly name: string
  readonly message: string
  /** Whether it is in an archive. Default: false. */
  readonly isArchived?: true
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
  const refused = all.filter(({ isArchived }) => isArchived !== true)
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
  { key, version, message, isArchived, upload }: RefusedObject,
): DeadLetter => {
  const code = isArchived === true ? 'OBJECT_ARCHIVED' : 'OBJECT_REFUSED'
  const reason = { code, message }
  if (upload !== undefined) return { ...deadLetterOfFile(source, upload, undefined), ...reason }
  const data = Buffer.from(key)
  const position = version === undefined ? key : `${key}?versionId=${version}`
  return { source, position, ...reason, data, sizeBytes: data.byteLength }
}
