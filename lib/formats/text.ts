import { elementLines } from './element-text.ts'
import type { Format } from './format.ts'
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
