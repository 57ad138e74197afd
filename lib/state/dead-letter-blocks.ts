/**
 * Blocks of dead letters. A flood of bad records in one delivery or one batch is a few items, not
 * an item for each record. A block is never changed: a dead letter of it that is redriven or
 * deleted is marked in its reservation, and the block is deleted when all of them are.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { decode, encode } from '../base/codec.ts'
import type { Item } from '../ports/item-store.ts'
import type { DeadLetter } from './dead-letter.ts'

/** This many dead letters of a source, or fewer, are stored as items of their own. */
export const LETTERS_APART_MAX = 4

/** The most dead letters in a block: so many are decoded in some milliseconds. */
const LETTERS_PER_BLOCK_MAX = 8_192
/** The largest block, compressed. Leaves room in an item for the key and the numbers. */
const BLOCK_BYTES_MAX = 256 * 1024

type PackedLetter = readonly [
  position: string,
  code: string,
  message: string,
  operator: string | undefined,
  form: DeadLetter['form'],
  processedElsewhere: boolean,
  data: Uint8Array,
  sizeBytes: number,
  declaredAt: string | undefined,
  stack: string | undefined,
]

/** Dead letters of one source, in the order in which they were given. */
export interface LetterBlock {
  readonly letters: readonly [DeadLetter, ...DeadLetter[]]
  readonly bytes: Uint8Array
}

const pack = (letter: DeadLetter): PackedLetter => [
  letter.position,
  letter.code,
  letter.message,
  letter.operator,
  letter.form,
  letter.processedElsewhere === true,
  letter.data,
  letter.sizeBytes,
  letter.declaredAt,
  letter.stack,
]

/**
 * Packs dead letters into blocks. A dead letter that is too large for a block comes back as one of
 * `apart`.
 */
export const packLetters = (
  letters: readonly DeadLetter[],
  itemBytesMax: number,
): { readonly blocks: readonly LetterBlock[]; readonly apart: readonly DeadLetter[] } => {
  const bytesMax = Math.min(BLOCK_BYTES_MAX, itemBytesMax / 2)
  const blocks: LetterBlock[] = []
  const apart: DeadLetter[] = []
  const rest = Array.from(
    { length: Math.ceil(letters.length / LETTERS_PER_BLOCK_MAX) },
    (_, part) => letters.slice(part * LETTERS_PER_BLOCK_MAX, (part + 1) * LETTERS_PER_BLOCK_MAX),
  ).toReversed()
  for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
    const [first, ...others] = part
    if (first === undefined) continue
    const bytes = deflateRawSync(encode(part.map(pack)))
    if (bytes.byteLength <= bytesMax) blocks.push({ letters: [first, ...others], bytes })
    else if (others.length === 0) apart.push(first)
    else rest.push(part.slice(part.length >> 1), part.slice(0, part.length >> 1))
  }
  return { blocks, apart }
}

/** Whether an item is a block of dead letters. */
export const isLetterBlock = (item: Item): boolean => item['size'] !== undefined

/** The attributes of the item of a block. */
export const blockAttributes = ({ letters, bytes }: LetterBlock): Item => ({
  source: letters[0].source,
  size: letters.length,
  codes: JSON.stringify(countCodes(letters)),
  letters: bytes,
})

/** The dead letters in the item of a block. */
export const lettersIn = (item: Item): readonly DeadLetter[] =>
  (decode(inflateRawSync(item['letters'] as Uint8Array)) as readonly PackedLetter[]).map(
    ([
      position,
      code,
      message,
      operator,
      form,
      processedElsewhere,
      data,
      sizeBytes,
      declaredAt,
      stack,
    ]) => ({
      source: item['source'] as string,
      position,
      code,
      message,
      operator,
      form,
      processedElsewhere,
      data,
      sizeBytes,
      declaredAt,
      stack,
    }),
  )

/** How many dead letters have each code. */
export const countCodes = (
  letters: readonly { readonly code: string }[],
): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const { code } of letters) counts[code] = (counts[code] ?? 0) + 1
  return counts
}
