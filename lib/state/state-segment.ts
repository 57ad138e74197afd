/**
 * A segment of keyed state as bytes: keys with their states, then removed keys.
 *
 *     form | shapes of the states | texts | wide texts | structured keys | others | removed keys
 *
 * Keys are grouped by how they are written. Those of the first three groups are bytes, and each is
 * written as the number of bytes that it shares with the key before, and the rest: sorted keys
 * share most of their bytes. Lengths and bytes are apart, because like things compress better
 * together. The states of a group follow its keys, without the names of their fields: see
 * folded.ts.
 *
 * The first byte says the form. Earlier forms stay readable for ever: see `readStateSegment`.
 */
import { decode, readingStored } from '../base/codec.ts'
import { CodedKey } from '../base/coded-key.ts'
import { tags } from '../base/codec-tags.ts'
import { corrupt, Decoder } from '../base/decoder.ts'
import { Encoder } from '../base/encoder.ts'
import { Folder, Unfolder } from '../base/folded.ts'
import { codedKey } from '../base/keys.ts'
import { Packed, type Stored } from '../base/packed.ts'
import { readSharedTexts, writeSharedTexts } from './shared-texts.ts'

/** The first byte. Tags of the codec are smaller: a segment of the first form began with one. */
const GROUPED_FORM = 64

/** Keys that are read at once. Strings of keys share the memory of what is read at once. */
const KEYS_AT_ONCE = 1_024

/** A key in the form inside Millrace, with its state. */
type Entry = readonly [key: unknown, stored: Stored]

/** Who reads a segment. Keys come in the form inside Millrace. */
export interface SegmentReader {
  put(key: unknown, stored: Stored): void
  remove(key: unknown): void
}

const body = new Encoder()
const head = new Encoder()

/** Whether all letters of a text fit into a byte. */
const isNarrow = (text: string): boolean => {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return false
  return true
}

/** The groups, in the order in which they are written. Numbers of groups never change. */
const groupOf = (key: unknown): 0 | 1 | 2 | 3 => {
  if (typeof key === 'string') return isNarrow(key) ? 0 : 1
  return key instanceof CodedKey ? 2 : 3
}

const GROUPS = [0, 1, 2, 3] as const
const OTHER_KEYS = 3

/** The bytes of a key, one character for each. */
const bytesOfKey = (key: unknown, group: number): string => {
  if (key instanceof CodedKey) return key.code
  const text = key as string
  return group === 0 ? text : Buffer.from(text, 'utf16le').toString('latin1')
}

/** Writes a segment. Equal content in equal order gives equal bytes (B3). */
export const stateSegment = (puts: readonly Entry[], removed: readonly unknown[]): Uint8Array => {
  body.begin(false)
  const folder = new Folder(body)
  const groups = byGroup(puts, ([key]) => key)
  for (const group of GROUPS) {
    const entries = groups[group]
    writeKeys(group, entries, ([key]) => key)
    for (const [, stored] of entries) {
      if (stored instanceof Packed) folder.fold(stored.code)
      else body.value(stored, 0)
    }
  }
  const removedGroups = byGroup(removed, (key) => key)
  for (const group of GROUPS) writeKeys(group, removedGroups[group], (key) => key)
  head.begin(false)
  head.byte(GROUPED_FORM)
  folder.writeShapes(head)
  return Buffer.concat([head.bytes(), body.bytes()])
}

const byGroup = <T>(
  all: readonly T[],
  keyOf: (one: T) => unknown,
): readonly [T[], T[], T[], T[]] => {
  const groups: [T[], T[], T[], T[]] = [[], [], [], []]
  for (const one of all) groups[groupOf(keyOf(one))].push(one)
  return groups
}

const writeKeys = <T>(group: number, all: readonly T[], keyOf: (one: T) => unknown): void => {
  body.varint(all.length)
  if (group === OTHER_KEYS) for (const one of all) body.value(keyOf(one), 0)
  else writeSharedTexts(body, all, (one) => bytesOfKey(keyOf(one), group))
}

/**
 * Reads a segment of this or an earlier form.
 *
 * @throws MillraceError `SEGMENT_CORRUPT` when the bytes are not exactly one segment.
 */
export const readStateSegment = (bytes: Uint8Array, reader: SegmentReader): void => {
  if (bytes[0] === tags.array) return readFirstForm(bytes, reader)
  readingStored(() => readGrouped(new Decoder(bytes), reader))
}

const readGrouped = (decoder: Decoder, reader: SegmentReader): void => {
  const form = decoder.byte()
  if (form !== GROUPED_FORM) throw corrupt(`unknown form ${form} of a state segment`)
  const unfolder = new Unfolder(decoder)
  for (const group of GROUPS)
    readKeys(decoder, group, (keys) => {
      for (const key of keys) reader.put(key, storedFrom(decoder, unfolder))
    })
  for (const group of GROUPS)
    readKeys(decoder, group, (keys) => {
      for (const key of keys) reader.remove(key)
    })
  if (!decoder.atEnd) throw corrupt('there are more bytes after the segment')
}

/** Reads the keys of a group, and gives them in the order in which they were written. */
const readKeys = (
  decoder: Decoder,
  group: number,
  take: (keys: readonly unknown[]) => void,
): void => {
  const count = decoder.count()
  if (group === OTHER_KEYS) return take(Array.from({ length: count }, () => decoder.value()))
  const shared = readSharedTexts(decoder, count)
  while (!shared.atEnd) {
    const texts = shared.next(KEYS_AT_ONCE, group === 1 ? 'utf16le' : 'latin1')
    take(group === 2 ? texts.map((code) => new CodedKey(code)) : texts)
  }
}

const storedFrom = (decoder: Decoder, unfolder: Unfolder): Stored => {
  const tag = decoder.next ?? tags.null
  // Tags of dates and of what comes after them are objects.
  if (tag < tags.date) return decoder.value() as Stored
  body.begin(false)
  unfolder.unfold(body)
  return new Packed(body.latin1())
}

/**
 * The first form was one value of the codec: pairs of key and state, then removed keys. A packed
 * state was written as bytes, which is unambiguous, because an unpacked state is never bytes.
 */
const readFirstForm = (bytes: Uint8Array, reader: SegmentReader): void => {
  const [puts, removed] = decode(bytes) as readonly [
    puts: readonly (readonly [unknown, unknown])[],
    removed: readonly unknown[],
  ]
  for (const [key, value] of puts)
    reader.put(
      codedKey(key),
      value instanceof Uint8Array
        ? new Packed(Buffer.from(value).toString('latin1'))
        : (value as Stored),
    )
  for (const key of removed) reader.remove(codedKey(key))
}
