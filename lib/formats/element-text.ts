/** Maps and sets, which JSON would show as `{}`, and bigints and dates, as text in JSON. */
const jsonReplacer = (_: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Map || value instanceof Set) return [...(value as Iterable<unknown>)]
  return value
}

/**
 * An element as `print` and `saveAsTextFiles` show it: text as it is, arrays as Spark shows tuples
 * (`(word,3)`), other objects as JSON.
 *
 * Source for the tuples: Spark writes `Tuple2.toString`, without a space behind the comma.
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
