import { MillraceError } from '../../base/errors.ts'

/**
 * A value as JSON for other programs to read. It is what `JSON.stringify` gives, with bigints as
 * whole numbers. A date is its text in ISO 8601, and a number that JSON does not have is null.
 *
 * @throws MillraceError `VALUE_UNSUPPORTED` for a value that has no JSON at all, and for a cycle.
 */
export const jsonTextOf = (value: unknown): string => {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (error) {
    text = withBigints(value, error)
  }
  if (text !== undefined) return text
  throw unsupported(value)
}

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
