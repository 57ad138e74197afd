/**
 * What a source node declares about the records it wants. A declaration does not say where they
 * come from: a binding does. Only if there is no binding, the kind and the literal location of the
 * declaration count.
 */
import type { Parameter } from '../parameter.ts'
import type { FileSelection } from './file-selection.ts'

/** The common part of all declarations. Each kind of source adds its own part in its own file. */
export interface SourceDeclaration {
  /** The kind of source that reads the records if no binding says otherwise. */
  readonly kind: string
  /**
   * The name that a binding uses. Left out: the source exists only in this process and cannot be
   * bound.
   */
  readonly name?: string
  /**
   * The type of the elements, in words. A binding may choose any kind of source that gives the same
   * elements.
   */
  readonly elements: string
  /** The location if no binding names one: a path or a URI. Left out: the declaration has none. */
  readonly literal?: string
  /** Which files are taken if the source is bound to files. Left out: all files. */
  readonly files?: FileSelection
  /**
   * Whether its lanes hold messages, which may have ids, also when it is fed from outside. Default:
   * they hold the records.
   */
  readonly storesMessages?: boolean
  /** Further settings that a deployment needs, as plain data. */
  readonly settings?: Readonly<Record<string, Parameter>>
}

/** Elements that are strings: lines of files and sockets, records of streams, messages. */
export const TEXT = 'text'

/** The name of a source in messages: its own name, or the id of its node if it has none. */
export const sourceName = (id: string, { name }: SourceDeclaration): string => name ?? id
