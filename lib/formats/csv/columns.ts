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

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
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
const finiteOf = (text: string): number | undefined =>
  Number.isFinite(Number(text)) ? Number(text) : undefined

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
    valueOf: (text) => (NUMBER.test(text) ? finiteOf(text) : undefined),
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

/** Changes the fields of a row in place. Throws for a field that is not of its type. */
export type ConvertRow = (row: Record<string, unknown>) => void

/** Undefined: all fields stay text. */
export const convertRow = (
  columns: Readonly<Record<string, CsvType>> | undefined,
  isGuessed: boolean,
): ConvertRow | undefined => {
  if (isGuessed)
    return (row) => {
      for (const name of Object.keys(row)) row[name] = guess(row[name] as string)
    }
  const typed = Object.entries(columns ?? {}).flatMap(([name, type]) =>
    type === 'text' ? [] : [[name, TYPES[type]] as const],
  )
  if (typed.length === 0) return undefined
  return (row) => {
    for (const [name, type] of typed) row[name] = valueOf(name, row[name], type)
  }
}

const valueOf = (
  name: string,
  field: unknown,
  { allowed, valueOf: convert }: TypeOfField,
): unknown => {
  const text = typeof field === 'string' ? field.trim() : ''
  if (text === '') return null
  const value = convert(text)
  if (value !== undefined) return value
  throw new MillraceError('RECORD_UNREADABLE', {
    problem: `The column ${name} of a row is not of its type`,
    value: field,
    allowed,
    fix: 'correct what writes it, or read the column as text',
  })
}
