/**
 * How items become columns. Keys are BLOBs, not TEXT, and attributes are JSON, since `node:sqlite`
 * turns a lone surrogate into U+FFFD without a word: two keys would become one. JSON escapes lone
 * surrogates; keys are UTF-8, and lone surrogates three bytes as if they were characters of their
 * own (WTF-8), which keeps the order of well-formed keys and makes every key distinct.
 */
import { MillraceError } from '../../base/errors.ts'
import type { Attribute, Item } from '../../ports/item-store.ts'

/**
 * The columns that hold the attributes: JSON that a person can read, and all bytes one after the
 * other.
 */
export interface ItemRow {
  /**
   * `[[name, value], ...]`; where the value is bytes it is `[name, { bytes: length }]`, in the
   * order in which they lie in `bytes`.
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
  // JSON would store null in silence.
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: `The attribute ${name} cannot be stored`,
      value,
      allowed: 'a finite number',
    })
  }
  return [name, value]
}

/** The item as columns. */
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

/** The item that {@link rowOf} made columns of. */
export const itemOf = ({ attributes, bytes }: ItemRow): Item => {
  let offset = 0
  const item = (JSON.parse(attributes) as StoredAttribute[]).map(
    ([name, value]): [string, Attribute] => {
      if (typeof value !== 'object') return [name, value]
      offset += value.bytes
      return [name, new Uint8Array((bytes ?? NO_BYTES).subarray(offset - value.bytes, offset))]
    },
  )
  return Object.fromEntries(item)
}

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

const surrogateBytes = (codeUnit: number): readonly number[] => [
  0xe0 | (codeUnit >> 12),
  0x80 | ((codeUnit >> 6) & 0x3f),
  0x80 | (codeUnit & 0x3f),
]

/** A part of a key as bytes. */
export const keyBytes = (key: string): Uint8Array => {
  const bytes = Buffer.from(key, 'utf8')
  if (key.isWellFormed()) return bytes
  // Every lone surrogate has become the three bytes of U+FFFD: put its own three in their place.
  for (const { index } of key.matchAll(LONE_SURROGATE)) {
    bytes.set(surrogateBytes(key.charCodeAt(index)), Buffer.byteLength(key.slice(0, index), 'utf8'))
  }
  return bytes
}

/** The part of a key that {@link keyBytes} made bytes of. */
export const keyText = (stored: Uint8Array): string => {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength)
  let text = ''
  let from = 0
  // 0xed followed by 0xa0 or more is a surrogate, and nothing else.
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
 * The first bytes after all that begin with `prefix`, or undefined if there are none: every string
 * starts with the empty one.
 */
export const afterPrefix = (prefix: Uint8Array): Uint8Array | undefined => {
  if (prefix.length === 0) return undefined
  const end = new Uint8Array(prefix)
  // No carry: 0xff is no byte of a key.
  end[end.length - 1] = (end.at(-1) as number) + 1
  return end
}
