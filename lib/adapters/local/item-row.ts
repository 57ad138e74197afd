/**
 * Converts items to columns. Keys are BLOBs, not TEXT, and attributes are JSON, because
 * `node:sqlite` silently turns a lone surrogate into U+FFFD, and two keys would become one. JSON
 * escapes lone surrogates. Keys are UTF-8, with each lone surrogate as three bytes of its own
 * (WTF-8). This keeps the order of well-formed keys and makes every key distinct.
 */
import { MillraceError } from '../../base/errors.ts'
import type { Attribute, Item } from '../../ports/item-store.ts'

/** The columns of the attributes: readable JSON, and all bytes in one blob. */
export interface ItemRow {
  /**
   * `[[name, value], ...]`. For bytes the pair is `[name, { bytes: length }]`, in the order of
   * their content in `bytes`.
   */
  readonly attributes: string
  readonly bytes: Uint8Array | null
}

const NO_BYTES = new Uint8Array()

type StoredAttribute = readonly [
  name: string,
  value: string | number | boolean | { readonly bytes: number },
]

const toStoredAttribute = (name: string, value: Exclude<Attribute, undefined>): StoredAttribute => {
  if (value instanceof Uint8Array) return [name, { bytes: value.byteLength }]
  // JSON would silently store null.
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: `The attribute ${name} cannot be stored`,
      value,
      allowed: 'a finite number',
    })
  }
  return [name, value]
}

/** Converts an item to columns. */
export const rowOf = (item: Item): ItemRow => {
  const attributes: StoredAttribute[] = []
  const pieces: Uint8Array[] = []
  for (const [name, value] of Object.entries(item)) {
    if (value === undefined) continue
    attributes.push(toStoredAttribute(name, value))
    if (value instanceof Uint8Array) pieces.push(value)
  }
  return {
    attributes: JSON.stringify(attributes),
    bytes: pieces.length === 0 ? null : Buffer.concat(pieces),
  }
}

/** The attributes of a row: in place of bytes, their length. */
export const attributesIn = (attributes: string): readonly StoredAttribute[] =>
  JSON.parse(attributes) as StoredAttribute[]

/** Converts columns made by {@link rowOf} back to an item. */
export const itemOf = ({ attributes, bytes }: ItemRow): Item => {
  let offset = 0
  const item = attributesIn(attributes).map(([name, value]): [string, Attribute] => {
    if (typeof value !== 'object') return [name, value]
    offset += value.bytes
    return [name, new Uint8Array((bytes ?? NO_BYTES).subarray(offset - value.bytes, offset))]
  })
  return Object.fromEntries(item)
}

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

const surrogateBytes = (codeUnit: number): readonly number[] => [
  0xe0 | (codeUnit >> 12),
  0x80 | ((codeUnit >> 6) & 0x3f),
  0x80 | (codeUnit & 0x3f),
]

/** Encodes a part of a key as bytes. */
export const keyBytes = (key: string): Uint8Array => {
  const bytes = Buffer.from(key, 'utf8')
  if (key.isWellFormed()) return bytes
  // Every lone surrogate has become the three bytes of U+FFFD: replace them by its own three bytes.
  for (const { index } of key.matchAll(LONE_SURROGATE)) {
    bytes.set(surrogateBytes(key.charCodeAt(index)), Buffer.byteLength(key.slice(0, index), 'utf8'))
  }
  return bytes
}

/** Decodes bytes made by {@link keyBytes}. */
export const keyText = (stored: Uint8Array): string => {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength)
  let text = ''
  let from = 0
  // 0xed followed by 0xa0 or more is always a surrogate.
  for (let at = bytes.indexOf(0xed); at !== -1; at = bytes.indexOf(0xed, at + 1)) {
    const second = bytes[at + 1] ?? 0
    if (second < 0xa0) continue
    text +=
      bytes.toString('utf8', from, at) +
      String.fromCharCode(0xd000 | ((second & 0x3f) << 6) | ((bytes[at + 2] ?? 0) & 0x3f))
    from = at + 3
  }
  return text + bytes.toString('utf8', from)
}

/**
 * The smallest bytes after all keys that begin with `prefix`. Undefined if no such bytes exist:
 * every key begins with the empty prefix.
 */
export const afterPrefix = (prefix: Uint8Array): Uint8Array | undefined => {
  if (prefix.length === 0) return undefined
  const end = new Uint8Array(prefix)
  // No carry is needed: 0xff never occurs in a key.
  end[end.length - 1] = (end.at(-1) as number) + 1
  return end
}
