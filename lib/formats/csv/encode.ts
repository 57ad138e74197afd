import { MillraceError } from '../../base/errors.ts'
import { checkColumnNames, fieldOf, isRow } from '../file-columns.ts'
import { type CsvSettings, rowText } from './csv-rows.ts'

/**
 * Elements as one file of CSV, with line ends of \n. The header has the columns of the settings, or
 * else all fields of the elements in the order in which they first appear.
 */
export const encodeCsv =
  (settings: CsvSettings) =>
  (elements: readonly unknown[]): Uint8Array => {
    const names = namesOf(elements, settings)
    const { header } = settings
    const first = header === true && names !== undefined ? [rowText(names, settings)] : []
    const rows = elements.map((element) => rowText(fieldsOf(element, names), settings))
    const text = [...first, ...rows].map((row) => `${row}\n`).join('')
    if (!text.isWellFormed())
      throw unsupported(
        'A row has half of a character (a lone surrogate), which UTF-8 does not have',
        elements.find((_, index) => rows[index]?.isWellFormed() === false),
        'map such texts first, for example with toWellFormed()',
      )
    return Buffer.from(text)
  }

/** Undefined: the elements are arrays. */
const namesOf = (
  elements: readonly unknown[],
  { header, columns }: CsvSettings,
): readonly string[] | undefined => {
  if (header === false) return undefined
  if (header !== true) return header
  if (columns !== undefined) return Object.keys(columns)
  const names = new Set<string>()
  for (const element of elements)
    if (isRow(element)) for (const name of Object.keys(element)) names.add(name)
  checkColumnNames(elements, names)
  return [...names]
}

const unsupported = (problem: string, value: unknown, fix: string): MillraceError =>
  new MillraceError('VALUE_UNSUPPORTED', { problem, value, fix })

const fieldsOf = (element: unknown, names: readonly string[] | undefined): readonly string[] => {
  if (names === undefined) {
    if (Array.isArray(element)) return element.map(fieldText)
    throw unsupported('CSV without a header takes arrays', element, 'map the elements to arrays')
  }
  if (isRow(element)) return names.map((name) => fieldText(fieldOf(element, name)))
  throw unsupported('CSV takes objects', element, 'map the elements to objects: { word, count }')
}

const fieldText = (value: unknown): string => {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  // A number is read as it was, also the zero below zero.
  if (Object.is(value, -0)) return '-0'
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value)
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString()
  throw unsupported(
    'A field of CSV is a text, a number, a boolean or a date',
    value,
    'map it to a text first, for example with JSON.stringify',
  )
}
