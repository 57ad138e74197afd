import type { FileFormat } from '../file-format.ts'
import { jsonTextOf } from './json-text.ts'
import { json, type JsonOptions } from './json.ts'

/**
 * JSON lines, also called NDJSON: files in which each line is one value. Blank lines are left out.
 * A line that is not JSON becomes a dead letter of its own (`RECORD_UNREADABLE`), and the others
 * go on. Files of gzip and zstd are decompressed. Written, bigints are numbers and dates are texts
 * in ISO 8601.
 *
 * @example
 * ```ts
 * ssc
 *   .fileStream('drop', { format: jsonLines<{ page: string }>(), existing: 'all' })
 *   .map(({ page }) => page)
 * ```
 */
export const jsonLines = <T = unknown>(options: JsonOptions = {}): FileFormat<T> => {
  const { settings, decode } = json<T>(options)
  return Object.freeze({
    name: 'jsonLines',
    settings,
    extension: '.jsonl',
    reading: Object.freeze({ shape: 'lines', skipsBlank: true, decode }),
    writing: Object.freeze({ joins: true, encode: encodeLines }),
  })
}

const encodeLines = (elements: readonly unknown[]): Uint8Array =>
  Buffer.from(elements.map((element) => `${jsonTextOf(element)}\n`).join(''))
