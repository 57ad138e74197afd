/** What a dead letter is. */

/**
 * How bytes represent a record: as UTF-8 text, as the bytes themselves, or as an encoded value.
 * `'file'`: not a record but a whole file, by an encoded {@link FileReference}. `'key'`: not a
 * record but what a key had after a shuffle, as a line of an object file.
 */
export type RecordForm = 'text' | 'bytes' | 'value' | 'file' | 'key'

/** Names one file or one upload of an object, so that it can be read again. */
export interface FileReference {
  readonly key: string
  readonly modifiedMs: number
  readonly sizeBytes: number
  readonly version?: string
  readonly isVersioned?: boolean
}

/** A record that was put aside, with everything that is needed to show it and to redrive it. */
export interface DeadLetter {
  /** The id of the source node. */
  readonly source: string
  /** The lane or object, and the position in that lane or object. */
  readonly position: string
  readonly code: string
  readonly message: string
  /** The operator that threw. Undefined: the record could not be read. */
  readonly operator?: string | undefined
  /** Where that operator is declared: path, line and column. */
  readonly declaredAt?: string | undefined
  /** The frames of the error in the user's modules, the innermost first: at most 5 lines. */
  readonly stack?: string | undefined
  readonly data: Uint8Array
  /** Size of the record, or of the file. It may be more than `data` holds. */
  readonly sizeBytes: number
  /** How `data` represents the record. Undefined: `data` is only a description, or not a record. */
  readonly form?: RecordForm | undefined
  /**
   * Whether other parts of the pipeline, which do not pass this operator, have processed the
   * record.
   */
  readonly processedElsewhere?: boolean
}
