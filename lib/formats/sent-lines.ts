import type { Format } from './format.ts'
import { objectLines, readObjects } from './object-lines.ts'

/**
 * Rows or messages as lines of JSON. Used when an output that is sent somewhere goes to a
 * directory. What is read back are the rows or messages.
 */
export const sentLines = (send: (element: never) => unknown): Format =>
  Object.freeze({
    name: 'sent lines',
    isSplittable: true,
    encode: (elements: readonly unknown[]) =>
      objectLines(elements.map((element) => send(element as never))),
    decode: (bytes: Uint8Array) => ({ elements: readObjects<unknown>(bytes), rejected: [] }),
  })
