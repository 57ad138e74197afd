/**
 * Texts for what users throw and pass. They go into items, logs and messages, so they are bounded,
 * and making one never throws: a failure must not fail to be told.
 */

const PREVIEW_CHARACTERS_MAX = 200
const CAUSE_CHARACTERS_MAX = 2_000
/** How many causes of causes are told. */
const CAUSES_MAX = 4
/** How many errors of an AggregateError are told. */
const ERRORS_MAX = 3

/** The beginning of a text. Never cuts within a character. */
const startOfText = (text: string, charactersMax: number): string => {
  if (text.length <= charactersMax) return text
  const last = text.charCodeAt(charactersMax - 1)
  const isHalf = last >= 0xd800 && last <= 0xdbff
  return text.slice(0, isHalf ? charactersMax - 1 : charactersMax)
}

/**
 * The beginning of a text, with its whole length if it was cut. Never cuts within a character.
 *
 * @example cutText('abcdef', 3) // 'abc… (6 characters)'
 */
export const cutText = (text: string, charactersMax: number): string =>
  text.length <= charactersMax
    ? text
    : `${startOfText(text, charactersMax)}… (${text.length} characters)`

/** The result of `make`, or a word that says that there is none. Users' getters may throw. */
const attempt = (make: () => string, otherwise = 'a value that cannot be shown'): string => {
  try {
    return make()
  } catch {
    return otherwise
  }
}

/** How many elements and properties a preview looks at. */
const PARTS_MAX = 200

/** What a preview may still look at, and whether it has left something out. */
interface Parts {
  left: number
  isCut: boolean
}

/**
 * A short text for a value, for messages. Never throws; at most about 200 characters of the value.
 * It looks only at the beginning of a value, which may be of any size.
 */
export const preview = (value: unknown): string => {
  if (typeof value === 'string') return previewText(value)
  const parts: Parts = { left: PARTS_MAX, isCut: false }
  const text = attempt(() => previewPart(value, parts))
  if (!parts.isCut) return cutText(text, PREVIEW_CHARACTERS_MAX)
  return `${startOfText(text, PREVIEW_CHARACTERS_MAX)}… (its beginning)`
}

const previewText = (text: string): string => {
  const quoted = JSON.stringify(startOfText(text, PREVIEW_CHARACTERS_MAX))
  if (quoted.length <= PREVIEW_CHARACTERS_MAX) return quoted
  // Two characters are the quotation marks.
  return `${startOfText(quoted, PREVIEW_CHARACTERS_MAX)}… (${text.length + 2} characters)`
}

const previewPart = (value: unknown, parts: Parts): string => {
  if (typeof value === 'bigint') return `${cutBigint(value)}n`
  if (typeof value === 'function') return `function ${value.name || '(anonymous)'}`
  if (typeof value !== 'object' || value === null) return String(value)
  return attempt(
    () =>
      JSON.stringify(withFewBytes(value, parts), (_, inner: unknown) => startOf(inner, parts)) ??
      String(value),
    attempt(() => Object.prototype.toString.call(value)),
  )
}

const take = (count: number, parts: Parts): number => {
  const taken = Math.min(count, parts.left)
  parts.left -= taken
  if (taken < count) parts.isCut = true
  return taken
}

/** A part of a value for JSON, without what is after the parts that are left. */
const startOf = (value: unknown, parts: Parts): unknown => {
  if (typeof value === 'bigint') return `${cutBigint(value)}n`
  if (typeof value === 'string') {
    if (value.length > PREVIEW_CHARACTERS_MAX) parts.isCut = true
    return startOfText(value, PREVIEW_CHARACTERS_MAX)
  }
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const elements: readonly unknown[] = value
    return elements.slice(0, take(elements.length, parts)).map((one) => withFewBytes(one, parts))
  }
  const start: [string, unknown][] = []
  // Object.keys() would make a list of all.
  for (const name in value) {
    if (!Object.hasOwn(value, name)) continue
    if (take(1, parts) === 0) break
    start.push([name, withFewBytes((value as Readonly<Record<string, unknown>>)[name], parts)])
  }
  return Object.fromEntries(start)
}

/** JSON asks a value for its own form first, and that of bytes is a list of all of them. */
const withFewBytes = (value: unknown, parts: Parts): unknown => {
  if (!(value instanceof Uint8Array) || value.length <= parts.left) return value
  parts.isCut = true
  return value.subarray(0, parts.left)
}

const BIGINT_MAX = 10n ** 100n

/** Long numbers take quadratic time to become text. */
const cutBigint = (value: bigint): string =>
  value < BIGINT_MAX && value > -BIGINT_MAX ? String(value) : 'a number of over 100 digits'

/** Whether a value is an error. Also of another realm; never throws. */
const isError = (value: unknown): value is Error => {
  try {
    return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]'
  } catch {
    return false
  }
}

/**
 * What was thrown, in words: the name and the message of an error, and of what caused it. Never
 * throws, whatever was thrown; at most about 2,000 characters for each cause.
 *
 * @example errorText(new TypeError('no')) // 'TypeError: no'
 */
export const errorText = (thrown: unknown): string => {
  const seen = new Set<unknown>()
  const lines: string[] = []
  let one = thrown
  while (!seen.has(one) && lines.length < CAUSES_MAX) {
    seen.add(one)
    lines.push(`${lines.length === 0 ? '' : 'caused by '}${oneText(one)}`)
    const next = causeOf(one)
    if (next === undefined) break
    one = next
  }
  return lines.join('\n')
}

const oneText = (thrown: unknown): string => {
  if (!isError(thrown)) return preview(thrown)
  const name = attempt(() => String(thrown.name), 'Error')
  const message = attempt(() => String(thrown.message))
  const text = cutText(`${name}: ${message}`, CAUSE_CHARACTERS_MAX)
  const errors = attempt(() => manyText(thrown), '')
  return `${text}${errors}`
}

const manyText = (thrown: Error): string => {
  const { errors } = thrown as { readonly errors?: unknown }
  if (!Array.isArray(errors) || errors.length === 0) return ''
  // Some messages tell the errors already.
  const [first] = errors as readonly unknown[]
  if (isError(first) && thrown.message.includes(first.message)) return ''
  const shown = errors.slice(0, ERRORS_MAX).map((one) => `\n- ${shortText(one)}`)
  const more = errors.length - shown.length
  return `${shown.join('')}${more > 0 ? `\n- and ${more} more` : ''}`
}

/** Without its causes, and without what it holds. */
const shortText = (thrown: unknown): string =>
  isError(thrown)
    ? cutText(
        attempt(() => `${thrown.name}: ${thrown.message}`),
        PREVIEW_CHARACTERS_MAX,
      )
    : preview(thrown)

/** The message of an error of Millrace tells its cause already. */
export const causeOf = (thrown: unknown): unknown => {
  try {
    return isError(thrown) && thrown.name !== 'MillraceError' ? thrown.cause : undefined
  } catch {
    return undefined
  }
}
