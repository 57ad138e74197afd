import { elementLines } from './element-text.ts'
import type { Decoded, Format, RejectedPart } from './format.ts'
import { lineSplitter } from './line-splitter.ts'
import { splitLines } from './text-lines.ts'

/** Lines of UTF-8 text. Elements that are not strings are written as `print` shows them. */
export const text: Format = Object.freeze({
  name: 'text',
  isSplittable: true,
  encode: elementLines,
  decode(bytes: Uint8Array) {
    const { lines, rejected } = splitLines(bytes)
    return { elements: lines, rejected }
  },
})

/** The lines of a text in pieces, as {@link text} decodes the whole text. */
export const linesOfPieces = (pieces: Iterable<Uint8Array>): Decoded => {
  const splitter = lineSplitter()
  const elements: string[] = []
  const rejected: RejectedPart[] = []
  const add = ({ lines, rejected: bad }: ReturnType<typeof splitter.end>): void => {
    for (const line of lines) elements.push(line)
    for (const part of bad) rejected.push(part)
  }
  for (const piece of pieces) add(splitter.push(piece))
  add(splitter.end())
  return { elements, rejected }
}
