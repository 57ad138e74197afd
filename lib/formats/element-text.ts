/** Gives maps and sets as arrays, because JSON would show them as `{}`, and bigints as text. */
const jsonReplacer = (_: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Map || value instanceof Set) return [...(value as Iterable<unknown>)]
  return value
}

/**
 * The text of an element, as `print` and `saveAsTextFiles` show it. A string stays as it is, an
 * array looks like a tuple in Spark (`(word,3)`), and any other object is JSON.
 *
 * Source for the tuples: Spark writes `Tuple2.toString`, without a space after the comma.
 */
export const elementText = (element: unknown): string => {
  if (typeof element === 'string') return element
  if (Array.isArray(element)) return `(${element.map(elementText).join(',')})`
  if (element instanceof Date)
    return Number.isNaN(element.getTime()) ? 'Invalid Date' : element.toISOString()
  if (typeof element === 'object' && element !== null) return JSON.stringify(element, jsonReplacer)
  return String(element)
}

/** Elements as lines of UTF-8 text, each with its line end. */
export const elementLines = (elements: readonly unknown[]): Uint8Array =>
  Buffer.from(elements.map((element) => `${elementText(element)}\n`).join(''), 'utf8')
