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

/**
 * The beginning of a text, with its whole length if it was cut. Never cuts within a character.
 *
 * @example cutText('abcdef', 3) // 'abc… (6 characters)'
 */
export const cutText = (text: string, charactersMax: number): string => {
  if (text.length <= charactersMax) return text
  const last = text.charCodeAt(charactersMax - 1)
  const isHalf = last >= 0xd800 && last <= 0xdbff
  return `${text.slice(0, isHalf ? charactersMax - 1 : charactersMax)}… (${text.length} characters)`
}

/** The result of `make`, or a word that says that there is none. Users' getters may throw. */
const attempt = (make: () => string, otherwise = 'a value that cannot be shown'): string => {
  try {
    return make()
  } catch {
    return otherwise
  }
}

/**
 * A short text for a value, for messages. Never throws; at most about 200 characters of the value.
 */
export const preview = (value: unknown): string =>
  cutText(
    attempt(() => previewWhole(value)),
    PREVIEW_CHARACTERS_MAX,
  )

const previewWhole = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${cutBigint(value)}n`
  if (typeof value === 'function') return `function ${value.name || '(anonymous)'}`
  if (typeof value !== 'object' || value === null) return String(value)
  return attempt(
    () =>
      JSON.stringify(value, (_, inner: unknown) =>
        typeof inner === 'bigint' ? `${cutBigint(inner)}n` : inner,
      ) ?? String(value),
    attempt(() => Object.prototype.toString.call(value)),
  )
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
const causeOf = (thrown: unknown): unknown => {
  try {
    return isError(thrown) && thrown.name !== 'MillraceError' ? thrown.cause : undefined
  } catch {
    return undefined
  }
}
