/** One upload of an object, and what is needed to read those of a bucket. */
import type { FileReading, FileSelection } from '../../../dstream/sources/file-selection.ts'
import type { ObjectStore, ObjectVersion } from '../../../ports/object-store.ts'
import type { Listener } from '../../events.ts'
import type { HeldLimits } from '../held-limits.ts'
import type { SourcePlace } from '../source-kind.ts'

/** An upload with its time. */
export interface DueObject extends ObjectVersion {
  /**
   * The later of its modification and its event. The modification time of a multipart upload is
   * when it starts, but the object exists when it ends.
   */
  readonly dueMs: number
  /** Whether its event says that it is a copy. */
  readonly isCopy?: true
}

/** An upload that no batch takes. The ledger remembers it. */
export interface LeftUpload {
  readonly key: string
  /** Its name in the ledger. */
  readonly name: string
}

/** The name of one upload in the ledger. */
export const uploadName = ({ key, version, isVersioned, modifiedMs }: ObjectVersion): string =>
  // The same content has the same entity tag, so the time distinguishes the uploads.
  isVersioned ? `${version}#${key}` : `${version}@${modifiedMs}#${key}`

/** Which objects are late, and what happens to them. */
export interface LateRule {
  readonly rememberMs: number
  readonly lateFiles: 'ignore' | 'dead-letter'
}

/** What a reader of objects needs. */
export interface ObjectsReaderParts extends SourcePlace, FileReading {
  readonly objects: ObjectStore
  /** The prefix of the watched keys. Default: all keys. */
  readonly prefix?: string
  /**
   * Which objects without a notification count. `'ignore'`: only those that were modified after the
   * application first started. What has a notification is new.
   */
  readonly existing: 'ignore' | 'all'
  /** The time between two sweeps of the listing. */
  readonly listEveryMs?: FileSelection['listEveryMs']
  /** `'new'`: each upload is read once. `'ignore'`: only the first upload of a key is read. */
  readonly onOverwrite: 'new' | 'ignore'
  /** Which objects are late, and what happens to them. Default: none. */
  readonly late?: LateRule | undefined
  /** `'ignore'`: what was taken does not count again under another key. Default: `'new'`. */
  readonly onRename?: FileSelection['onRename']
  /** Whether to take an object, by its key. Default: all objects. */
  readonly filter?: FileSelection['filter']
  readonly held?: HeldLimits | undefined
  readonly report: Listener
}
