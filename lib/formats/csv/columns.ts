import { MillraceError } from '../../base/errors.ts'

/**
 * What the text of a field becomes. `'number'`: a number; whole ones beyond 2^53 lose digits.
 * `'bigint'`: a whole number of any size. `'boolean'`: `true`, `false`, `1` or `0`. `'date'`: a
 * `Date` from ISO 8601; a time without a zone is in UTC. An empty field is null, but for `'text'`.
 *
 * @example const price: CsvType = 'number'
 */
export type CsvType = 'text' | 'number' | 'bigint' | 'boolean' | 'date'

/** The values of a type. */
interface Values {
  readonly text: string
  readonly number: number | null
  readonly bigint: bigint | null
  readonly boolean: boolean | null
  readonly date: Date | null
}

/**
 * A row with some typed columns.
 *
 * @example type Sale = CsvRow<{ price: 'number'; at: 'date' }>
 */
export type CsvRow<C extends Readonly<Record<string, CsvType>>> = {
  readonly [Name in keyof C]: Values[C[Name]]
}

interface TypeOfField {
  readonly allowed: string
  /** Undefined: the text is not of the type. */
  readonly valueOf: (text: string) => unknown
}

/** A column, and how its fields become values. */
export interface FieldReader {
  readonly name: string
  /** What a text may be. */
  readonly allowed: string
  /** Gives undefined for a text that is not of the type. Left out: fields stay text. */
  readonly read?: (text: string) => unknown
  /** Whether a row that is too short has a null here. */
  readonly isTyped: boolean
}

/** What the engine takes for a number, and nobody else does: 0x10. */
const OTHER_BASE = /^0[box]/i
const WHOLE = /^[+-]?\d+$/
const DAY = /^\d{4}-\d{2}-\d{2}/
const TIME = /^.{10}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?<zone>Z|[+-]\d{2}(?::?\d{2})?)?$/
const HOURS_ALONE = /(?<=:\d{2}(?:\.\d+)?)[+-]\d{2}$/
const DAY_LETTERS = 10
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
  ['1', true],
  ['0', false],
])

/** 1e999 is no number that JavaScript has. */
const finiteOf = (text: string): number | undefined => {
  const number = Number(text)
  return Number.isFinite(number) && !OTHER_BASE.test(text) ? number : undefined
}

const dateOf = (text: string): Date | undefined => {
  if (!DAY.test(text)) return undefined
  const time = TIME.exec(text)
  if (time === null && text.length !== DAY_LETTERS) return undefined
  // Databases write +02 for +02:00.
  const iso = text.replace(' ', 'T').replace(HOURS_ALONE, '$&:00')
  const date = new Date(time !== null && time.groups?.['zone'] === undefined ? `${iso}Z` : iso)
  return Number.isNaN(date.getTime()) || !isDay(text.slice(0, DAY_LETTERS)) ? undefined : date
}

/** The engine takes February 30 for March 2. */
const isDay = (text: string): boolean => new Date(text).toISOString().startsWith(text)

const TYPES: Readonly<Record<Exclude<CsvType, 'text'>, TypeOfField>> = {
  number: {
    allowed: 'a number',
    valueOf: finiteOf,
  },
  bigint: {
    allowed: 'a whole number',
    valueOf: (text) => (WHOLE.test(text) ? BigInt(text.replace('+', '')) : undefined),
  },
  boolean: {
    allowed: 'true, false, 1 or 0',
    valueOf: (text) => BOOLEANS.get(text.toLowerCase()),
  },
  date: {
    allowed: 'a date of ISO 8601, such as 2026-11-30 or 2026-11-30T10:00:00Z',
    valueOf: dateOf,
  },
}

/** The names of types. */
export const csvTypes: readonly string[] = ['text', ...Object.keys(TYPES)]

const PLAIN_NUMBER = /^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?$/

/** A number or a boolean if the text can be nothing else. `007` and long digits stay text. */
const guess = (text: string): unknown => {
  if (text === '') return null
  if (text === 'true' || text === 'false') return text === 'true'
  return PLAIN_NUMBER.test(text) ? Number(text) : text
}

/** How the fields of a column are read. `isGuessed`: by their text alone. */
export const fieldReader = (
  name: string,
  type: CsvType | undefined,
  isGuessed: boolean,
): FieldReader => {
  if (isGuessed) return { name, allowed: 'any', read: guess, isTyped: false }
  if (type === undefined || type === 'text') return { name, allowed: 'any', isTyped: false }
  const { allowed, valueOf } = TYPES[type]
  const read = (field: string): unknown => {
    const text = field.trim()
    return text === '' ? null : valueOf(text)
  }
  return { name, allowed, read, isTyped: true }
}

/** The error of a field that is not of its type. */
export const misfit = ({ name, allowed }: FieldReader, field: string): MillraceError =>
  new MillraceError('RECORD_UNREADABLE', {
    problem: `The column ${name} of a row is not of its type`,
    value: field,
    allowed,
    fix: 'correct what writes it, or read the column as text',
  })
