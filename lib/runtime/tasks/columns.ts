/**
 * Lists of values as columns: texts in one text, and numbers in one array of doubles. A task of a
 * shuffle gives some hundred thousand keys with their values. As columns, they are written and read
 * several times as fast as value by value.
 */

import type { ExchangePart } from '../../rdd/exchange.ts'
import type { StageSide } from '../../rdd/tasks.ts'

/** The values of a list. Anything but texts and numbers is a plain list. */
export type Column =
  | { readonly form: 'texts'; readonly text: string; readonly ends: Uint8Array }
  | { readonly form: 'numbers'; readonly numbers: Uint8Array }
  /** Lists one after the other, with the places where they end: what groups have. */
  | { readonly form: 'lists'; readonly flat: Column; readonly ends: Uint8Array }
  | { readonly form: 'values'; readonly values: readonly unknown[] }

/** Longer texts are not joined: they are no faster, and a string has a largest length. */
const JOINED_MAX = 1 << 27

/** The values as a column. The column holds on to none of them that it has copied. */
export const columnOf = (values: readonly unknown[]): Column => {
  if (typeof values[0] === 'number' && values.every((value) => typeof value === 'number'))
    return { form: 'numbers', numbers: bytesOf(Float64Array.from(values as readonly number[])) }
  if (typeof values[0] === 'string') {
    const ends = endsOf(values)
    if (ends !== undefined) return { form: 'texts', text: values.join(''), ends: bytesOf(ends) }
  }
  if (Array.isArray(values[0]) && values.every((value) => Array.isArray(value))) {
    const lists = values as readonly (readonly unknown[])[]
    let end = 0
    const ends = Uint32Array.from(lists, ({ length }) => (end += length))
    const flat = columnOf(lists.flat(1))
    // Lists of anything but texts and numbers are no faster as a column.
    if (flat.form !== 'values') return { form: 'lists', flat, ends: bytesOf(ends) }
  }
  return { form: 'values', values }
}

/** Where each text ends in all of them together. Undefined: some are no texts, or too long. */
const endsOf = (values: readonly unknown[]): Uint32Array | undefined => {
  const ends = new Uint32Array(values.length)
  let end = 0
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    if (typeof value !== 'string') return undefined
    end += value.length
    if (end > JOINED_MAX) return undefined
    ends[index] = end
  }
  return ends
}

/** The values of a column. */
export const valuesOf = (column: Column): readonly unknown[] =>
  column.form === 'values' ? column.values : [...iterate(column)]

/** The values of a column, each made when it is taken. */
function* iterate(column: Column): Generator<unknown> {
  if (column.form === 'values') yield* column.values
  else if (column.form === 'numbers') yield* new Float64Array(ownBuffer(column.numbers))
  else {
    const all = column.form === 'lists' ? valuesOf(column.flat) : column.text
    let from = 0
    for (const end of new Uint32Array(ownBuffer(column.ends))) {
      yield all.slice(from, end)
      from = end
    }
  }
}

const bytesOf = ({ buffer }: Float64Array | Uint32Array): Uint8Array => new Uint8Array(buffer)

/** A copy, because numbers must begin at a multiple of their size. */
const ownBuffer = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer

/** Pairs as two columns. */
export interface PairColumns {
  readonly keys: Column
  readonly values: Column
}

export const pairColumns = (pairs: readonly (readonly [unknown, unknown])[]): PairColumns => ({
  keys: columnOf(pairs.map(([key]) => key)),
  values: columnOf(pairs.map(([, value]) => value)),
})

/** The pairs of two columns. Each is made when it is taken, so that few are in memory at a time. */
export function* pairsIn({ keys, values }: PairColumns): Generator<[unknown, unknown]> {
  const all = iterate(values)
  for (const key of iterate(keys)) yield [key, all.next().value]
}

/** The elements of a partition: pairs, or anything else. */
export type PackedElements = { readonly pairs: PairColumns } | { readonly list: Column }

export const packElements = (elements: readonly unknown[]): PackedElements =>
  elements.every((one) => Array.isArray(one) && one.length === 2)
    ? { pairs: pairColumns(elements as readonly (readonly [unknown, unknown])[]) }
    : { list: columnOf(elements) }

/** The elements that were packed. */
export const elementsIn = (packed: PackedElements): readonly unknown[] =>
  'pairs' in packed ? [...pairsIn(packed.pairs)] : valuesOf(packed.list)

/** A part of an exchange that came from another process. It goes on to a third one as it came. */
export class ColumnsPart implements ExchangePart {
  readonly columns: PairColumns

  constructor(columns: PairColumns) {
    this.columns = columns
  }

  pairs(): Iterable<[unknown, unknown]> {
    return pairsIn(this.columns)
  }
}

/** A part of an exchange as columns. */
export const columnsOfPart = (part: ExchangePart): PairColumns =>
  part instanceof ColumnsPart ? part.columns : pairColumns([...part.pairs()])

/** What a task gives, in a form that is quick to encode. */
export type PackedResult =
  | { readonly pairs: PairColumns }
  | { readonly parts: readonly PairColumns[] }
  | { readonly lists: readonly Column[] }
  | { readonly values: readonly unknown[] }

/** The result of `pack` of a stage. */
export const packResult = (side: StageSide, result: unknown): PackedResult => {
  if (side === 'map') return { pairs: pairColumns(result as readonly [unknown, unknown][]) }
  if (side === 'exchange') return { parts: (result as readonly ExchangePart[]).map(columnsOfPart) }
  const values = result as readonly unknown[]
  return values.every((one) => Array.isArray(one)) ? { lists: values.map(columnOf) } : { values }
}

/** The result that was packed. */
export const resultIn = (packed: PackedResult): unknown => {
  if ('pairs' in packed) return pairsIn(packed.pairs)
  if ('parts' in packed) return packed.parts.map((columns) => new ColumnsPart(columns))
  return 'lists' in packed ? packed.lists.map(valuesOf) : packed.values
}
