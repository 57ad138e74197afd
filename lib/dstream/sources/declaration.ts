/**
 * What a source node says about the records it wants. A declaration does not say where they come
 * from: a binding does, and only if there is none, the kind and the literal place count.
 */
import type { Parameter } from '../parameter.ts'
import type { FileSelection } from './file-selection.ts'

/** What all declarations have in common. Each kind of source adds its own part in its own file. */
export interface SourceDeclaration {
  /** The kind of source that reads it if no binding says otherwise. */
  readonly kind: string
  /**
   * The name that a binding uses. Left out: the source lives in the process and cannot be bound.
   */
  readonly name?: string
  /** What the elements are. A binding may choose any kind of source that gives the same. */
  readonly elements: string
  /** The place, if no binding names one: a path or a URI. Left out: it has none. */
  readonly literal?: string
  /** Which files are taken if it is bound to files. Left out: all that there are. */
  readonly files?: FileSelection
  /** What a deployment needs to know besides. Plain data. */
  readonly settings?: Readonly<Record<string, Parameter>>
}

/** Elements that are strings: lines of files and sockets, records of streams, messages. */
export const TEXT = 'text'

/** The name by which people know a source: its own, or the id of its node if it has none. */
export const sourceName = (id: string, { name }: SourceDeclaration): string => name ?? id
