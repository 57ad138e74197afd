/** How a case has ended. */
export type Outcome =
  | {
      readonly kind: 'passed'
      /** What of docs/differences.md was checked in place of the case. */
      readonly instead?: string
    }
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'failed'; readonly expected: unknown; readonly got: unknown }

/** What was got is not what was expected. */
export class Mismatch extends Error {
  readonly expected: unknown
  readonly got: unknown

  constructor(expected: unknown, got: unknown) {
    super('got something else than expected')
    this.expected = expected
    this.got = got
  }
}

/**
 * A word in a vector that the vocabulary does not have, or an operation that the table does not
 * have: a failure, never a skip.
 */
export class UnknownWord extends Error {
  constructor(kind: string, word: unknown) {
    super(`the vocabulary has no ${kind} ${JSON.stringify(word)}`)
  }
}

/** An operation that the table has and the library has not. */
export class MissingOperation extends Error {
  readonly operation: string

  constructor(operation: string) {
    super(`the library has no ${operation}`)
    this.operation = operation
  }
}
