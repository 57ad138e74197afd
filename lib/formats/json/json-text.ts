import { MillraceError } from '../../base/errors.ts'

/**
 * A value as JSON for other programs to read. It is what `JSON.stringify` gives, with bigints as
 * whole numbers. A date is its text in ISO 8601, and a number that JSON does not have is null.
 *
 * @throws MillraceError `VALUE_UNSUPPORTED` for a value that has no JSON at all, for a cycle, and
 * for maps and sets, whose content JSON would lose.
 */
export const jsonTextOf = (value: unknown): string => {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (error) {
    text = withBigints(value, error)
  }
  if (text === undefined || (text.includes('{}') && hasCollection(value))) throw unsupported(value)
  return text
}

/** JSON shows maps and sets as `{}`, whatever they hold. */
const hasCollection = (value: unknown): boolean => {
  let isFound = false
  JSON.stringify(value, (_, inner: unknown) => {
    if (inner instanceof Map || inner instanceof Set) isFound ||= inner.size > 0
    return typeof inner === 'bigint' ? null : inner
  })
  return isFound
}

/**
 * A value for programs that make it JSON by themselves: what {@link jsonTextOf} gives, with whole
 * numbers that stay exact.
 *
 * @throws MillraceError `VALUE_UNSUPPORTED`, as above.
 */
export const jsonValueOf = (value: unknown): unknown => {
  const text = jsonTextOf(value)
  if (!LONG_NUMBER.test(text)) return JSON.parse(text) as unknown
  return (JSON.parse as Parse)(text, (_, inner, { source = '' }) =>
    typeof inner === 'number' && LONG_NUMBER.test(source) ? rawJSON(source) : inner,
  )
}

/** Digits beyond 2^53 are not exact as a number. */
const LONG_NUMBER = /\d{16}/

/** The third argument of a reviver is younger than the types of the language. */
type Parse = (
  text: string,
  revive: (name: string, value: unknown, context: { readonly source?: string }) => unknown,
) => unknown

/** `JSON.rawJSON` is younger than the types of the language. */
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown }

const withBigints = (value: unknown, cause: unknown): string | undefined => {
  try {
    return JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === 'bigint' ? rawJSON(String(inner)) : inner,
    )
  } catch {
    throw unsupported(value, cause)
  }
}

const unsupported = (value: unknown, cause?: unknown): MillraceError =>
  new MillraceError('VALUE_UNSUPPORTED', {
    problem: 'An element cannot be written as JSON',
    value: typeof value === 'object' ? undefined : String(value),
    allowed: 'what JSON has, dates and bigints',
    fix: 'map the elements to plain values first',
    cause,
  })
