/**
 * Text as DynamoDB can hold it. It takes UTF-8, in which a lone surrogate becomes U+FFFD without a
 * word, so that two keys would be one. U+241A, the symbol for a substitute, begins an escape:
 * doubled it means itself, before `d800` to `dfff` that surrogate, and before any other character
 * that character. Well-formed text without it, which is nearly all there is, stays as it is; the
 * order of UTF-8 bytes and what begins with what stay as they were, for doubling a character
 * changes neither.
 */
const ESCAPE = '\u241a'
const TO_ESCAPE = /\u241a|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g
const ESCAPED = /\u241a(?:(d[89a-f][0-9a-f]{2})|([\s\S]))/gu

/**
 * Names that an attribute cannot have as it is: those of the key, and one that objects of
 * JavaScript treat in a way of their own.
 */
const RESERVED_NAMES: ReadonlySet<string> = new Set(['pk', 'sk', '__proto__'])

/** The text as it is stored. */
export const toStoredText = (text: string): string => {
  if (text.isWellFormed() && !text.includes(ESCAPE)) return text
  return text.replaceAll(
    TO_ESCAPE,
    (char) => ESCAPE + (char === ESCAPE ? ESCAPE : char.charCodeAt(0).toString(16)),
  )
}

/** The text that {@link toStoredText} or {@link toStoredName} made. */
export const textOf = (stored: string): string => {
  if (!stored.includes(ESCAPE)) return stored
  return stored.replaceAll(ESCAPED, (_, hex: string | undefined, char: string | undefined) =>
    hex === undefined ? (char ?? '') : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

/** The name of an attribute as it is stored. */
export const toStoredName = (name: string): string =>
  RESERVED_NAMES.has(name) ? ESCAPE + name : toStoredText(name)
