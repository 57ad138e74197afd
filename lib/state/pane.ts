/** A pane as it is written, and as it is in memory. */
import { decode, encode, fold, unfold } from '../base/codec.ts'
import type { SegmentRef } from './segments.ts'

/** What a pane holds, and whether no code that gets a part of it can change it. */
export type PaneSegment = readonly [isSimple: boolean, content: unknown]

/** A pane in memory: as bytes, or decoded where nothing in it can be changed. */
export type ReadPane = { readonly bytes: Uint8Array } | { readonly content: unknown }

/** A pane, which may be named and not read yet. */
export type Pane = { readonly ref: SegmentRef } | ReadPane

/** What is stored of a pane. */
export const segmentOfPane = (stored: Uint8Array): PaneSegment =>
  decode(unfold(stored)) as PaneSegment

/** A pane from what is stored. */
export const paneOf = (stored: Uint8Array): ReadPane => {
  const bytes = unfold(stored)
  const [isSimple, content] = decode(bytes) as PaneSegment
  return isSimple ? { content } : { bytes }
}

/** A pane in memory with its bytes. */
export interface MadePane {
  readonly bytes: Uint8Array
  readonly pane: ReadPane
}

/** A pane of a content. */
export const makePane = (content: unknown, isSimple: boolean): MadePane => {
  const bytes = encode([isSimple, content] satisfies PaneSegment)
  return { bytes, pane: isSimple ? { content } : { bytes } }
}

/** Values that can be changed are objects: what they have in common is written once. */
export const storedPane = ({ bytes, pane }: MadePane): Uint8Array =>
  'content' in pane ? bytes : fold(bytes)

/** The content of a pane. Where it can be changed, it is a fresh copy. */
export const contentOf = (pane: ReadPane): unknown =>
  'content' in pane ? pane.content : (decode(pane.bytes) as PaneSegment)[1]
