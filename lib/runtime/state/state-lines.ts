/** Entries of a state as lines of an object file, and back: what `export` and `import` exchange. */
import { MillraceError } from '../../base/errors.ts'
import { checkKey } from '../../base/keys.ts'
import { printableJson } from '../../base/printable.ts'
import { objectText, readObjects } from '../../formats/object-lines.ts'
import type { StateEntry } from './state-partition-reader.ts'

/** A value as JSON, in the form of object files. It is safe for a terminal. */
export const valueText = (value: unknown): string => printableJson(objectText(value))

/** An entry as a line. Its times stand there only where they are stored. */
export const lineOf = ({ key, state, touchedMs, timerMs }: StateEntry): string =>
  `${valueText({ key, value: state, ...definedIn({ touchedMs, timerMs }) })}\n`

/** Those of some times that there are. */
export const definedIn = (
  times: Readonly<Record<string, number | undefined>>,
): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(times).flatMap(([name, timeMs]) =>
      timeMs === undefined ? [] : [[name, timeMs]],
    ),
  )

/**
 * The entries in lines.
 *
 * @throws MillraceError `ARGUMENT_INVALID` for a line that is not an entry.
 */
export const entriesIn = (bytes: Uint8Array): readonly StateEntry[] =>
  readObjects(bytes).map((value, index) => entryOf(value, index + 1))

const FIELDS = ['key', 'value', 'touchedMs', 'timerMs']

const isTime = (value: unknown): value is number | undefined =>
  value === undefined || Number.isSafeInteger(value)

const entryOf = (given: unknown, line: number): StateEntry => {
  const fields = isFields(given) ? given : {}
  const { key, value, touchedMs, timerMs } = fields
  const isEntry =
    Object.hasOwn(fields, 'key') &&
    Object.hasOwn(fields, 'value') &&
    Object.keys(fields).every((name) => FIELDS.includes(name)) &&
    isTime(touchedMs) &&
    isTime(timerMs)
  if (!isEntry)
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: `Line ${line} is not a key with its state`,
      value: given,
      allowed: '{"key":..., "value":...}, as millrace state export writes it',
      fix: 'correct the line; nothing was imported',
    })
  checkKey(key)
  return { key, state: value, ...definedIn({ touchedMs, timerMs }) }
}

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * A key as somebody types it: JSON, in the form of object files, if it is JSON; otherwise text.
 */
export const keyIn = (text: string): unknown => {
  try {
    // A line feed in JSON is only space.
    const [key, ...more] = readObjects(Buffer.from(text.replaceAll('\n', ' '), 'utf8'))
    if (more.length > 0 || text.trim() === '') return text
    checkKey(key)
    return key
  } catch {
    return text
  }
}
