/**
 * Encodes strings for DynamoDB. DynamoDB stores UTF-8, in which a lone surrogate silently becomes
 * U+FFFD, so two keys would become one. U+241A, the symbol for a substitute, begins an escape.
 * Doubled, it means itself; before `d800` to `dfff` it means that surrogate; before any other
 * character it means that character. Well-formed text without U+241A, which is nearly all text,
 * stays unchanged. A doubled character changes neither the order of UTF-8 bytes nor which text
 * begins with which, so both stay as they were.
 */
const ESCAPE = '\u241a'
const TO_ESCAPE = /\u241a|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g
const ESCAPED = /\u241a(?:(d[89a-f][0-9a-f]{2})|([\s\S]))/gu

/**
 * Names that an attribute cannot have unchanged: those of the key, and one with a special meaning
 * in JavaScript objects.
 */
const RESERVED_NAMES: ReadonlySet<string> = new Set(['pk', 'sk', '__proto__'])

/** The stored form of a text. */
export const toStoredText = (text: string): string => {
  if (text.isWellFormed() && !text.includes(ESCAPE)) return text
  return text.replaceAll(
    TO_ESCAPE,
    (char) => ESCAPE + (char === ESCAPE ? ESCAPE : char.charCodeAt(0).toString(16)),
  )
}

/** Decodes a text made by {@link toStoredText} or {@link toStoredName}. */
export const textOf = (stored: string): string => {
  if (!stored.includes(ESCAPE)) return stored
  return stored.replaceAll(ESCAPED, (_, hex: string | undefined, char: string | undefined) =>
    hex === undefined ? (char ?? '') : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

/** The stored form of the name of an attribute. */
export const toStoredName = (name: string): string =>
  RESERVED_NAMES.has(name) ? ESCAPE + name : toStoredText(name)
