/**
 * Text that others wrote, made safe for a terminal: names, keys, records and messages may hold
 * escape sequences that clear the screen or fake other output. Control characters, marks that turn
 * the direction of text, and halves of surrogate pairs are shown as escapes.
 */

/** Left-to-right and right-to-left overrides and isolates; line and paragraph separators. */
const SEPARATORS_AND_DIRECTIONS = '\\u2028-\\u202e\\u2066-\\u2069'

const UNSAFE = new RegExp(`[\\p{Cc}\\p{Cs}${SEPARATORS_AND_DIRECTIONS}]`, 'gu')
/** Line feeds and tabs lay out a text. Everything else that is unsafe is not wanted in it. */
const UNSAFE_IN_TEXT = new RegExp(`(?![\\n\\t])${UNSAFE.source}`, 'gu')
/** JSON has escaped what is below U+0020 and the halves of surrogate pairs itself. */
const UNSAFE_IN_JSON = new RegExp(`[\\x7f-\\x9f${SEPARATORS_AND_DIRECTIONS}]`, 'gu')

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

const hex = (char: string, digits: number): string =>
  char.charCodeAt(0).toString(16).padStart(digits, '0')

const escapeOf = (char: string): string =>
  SHORT[char] ?? (char.charCodeAt(0) < 0x100 ? `\\x${hex(char, 2)}` : `\\u${hex(char, 4)}`)

/**
 * The text with its line feeds and tabs, and everything else that is unsafe as escapes.
 *
 * @example printable('\u001b[2J1 line\n') // '\\x1b[2J1 line\n'
 */
export const printable = (text: string): string => text.replace(UNSAFE_IN_TEXT, escapeOf)

/**
 * The text as a part of one line: line feeds and tabs are escapes too.
 *
 * @example oneLine('a\nDone.txt') // 'a\\nDone.txt'
 */
export const oneLine = (text: string): string => text.replace(UNSAFE, escapeOf)

/**
 * JSON that means the same, with what is unsafe as escapes of JSON.
 *
 * @example printableJson('"\u009b2J"') // '"\\u009b2J"'
 */
export const printableJson = (json: string): string =>
  json.replace(UNSAFE_IN_JSON, (char) => `\\u${hex(char, 4)}`)
