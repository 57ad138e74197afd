import { MillraceError } from '../../base/errors.ts'
import { corrupt } from '../file-errors.ts'
import type { FileFormat, SizedFile } from '../file-format.ts'
import { onePart } from '../whole-parts.ts'
import { json, type JsonOptions } from './json.ts'
import { jsonTextOf } from './json-text.ts'

/**
 * Settings of `jsonDocuments`.
 *
 * @example jsonDocuments({ at: 'Records' })
 */
export interface JsonDocumentsOptions extends JsonOptions {
  /**
   * The field that has the elements, with dots for fields of fields: `response.items`. Default: the
   * document itself.
   */
  readonly at?: string
}

/**
 * Files that are one JSON document each, over any number of lines. An array gives its items, and
 * any other value is one element. A file that is not JSON, or has no such field, becomes a dead
 * letter as a whole. It is in memory while it is read. Written, a file is an array.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when `at` is not the name of a field.
 * @example ssc.fileStream('exports', { format: jsonDocuments<{ id: string }>({ at: 'items' }) })
 */
export const jsonDocuments = <T = unknown>({
  at,
  ...options
}: JsonDocumentsOptions = {}): FileFormat<T> => {
  if (at !== undefined && (typeof at !== 'string' || at.split('.').includes('')))
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'jsonDocuments() does not allow this value of at',
      value: at,
      allowed: 'names of fields with dots between them',
    })
  const { settings, decode } = json(options)
  const itemsOf = (bytes: Uint8Array, file: SizedFile): readonly unknown[] => {
    let document: unknown
    try {
      document = decode(bytes)
    } catch (error) {
      throw corrupt(file, 'A file is not one JSON document', (error as Error).cause)
    }
    const found = at === undefined ? document : fieldOf(document, at)
    if (found === undefined) throw corrupt(file, `A JSON document has no field ${at}`)
    return Array.isArray(found) ? found : [found]
  }
  return Object.freeze({
    name: 'jsonDocuments',
    settings: Object.freeze({ ...settings, at: at ?? null }),
    extension: '.json',
    reading: Object.freeze({
      shape: 'parts',
      isText: true,
      isSplittable: false,
      open: onePart(itemsOf),
    }),
    writing: Object.freeze({ joins: false, encode: encodeArray }),
  })
}

const fieldOf = (document: unknown, at: string): unknown =>
  at
    .split('.')
    .reduce<unknown>(
      (value, name) =>
        typeof value === 'object' && value !== null && Object.hasOwn(value, name)
          ? (value as Record<string, unknown>)[name]
          : undefined,
      document,
    )

const encodeArray = (elements: readonly unknown[]): Uint8Array =>
  Buffer.from(`[\n${elements.map(jsonTextOf).join(',\n')}\n]\n`)
