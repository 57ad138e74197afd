import type { Format } from './format.ts'
import { objectLines, readObjects } from './object-lines.ts'

/** Lines of JSON for all values that Millrace can store. docs/object-files.md describes them. */
export const objects: Format = Object.freeze({
  name: 'object lines',
  isSplittable: true,
  encode: objectLines,
  decode: (bytes: Uint8Array) => ({ elements: readObjects(bytes), rejected: [] }),
})
