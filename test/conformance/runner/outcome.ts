/** The outcome of a case. */
export type Outcome =
  | {
      readonly kind: 'passed'
      /** The row of docs/differences.md that was checked in place of the case. */
      readonly instead?: string
    }
  | { readonly kind: 'failed'; readonly expected: unknown; readonly got: unknown }

/** The result is not the expected one. */
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
 * A word in a vector that is not in the vocabulary, or an operation that is not in the table. It is
 * a failure, never a skip.
 */
export class UnknownWord extends Error {
  constructor(kind: string, word: unknown) {
    super(`the vocabulary has no ${kind} ${JSON.stringify(word)}`)
  }
}

/** An operation that is in the table but not in the library. */
export class MissingOperation extends Error {
  readonly operation: string

  constructor(operation: string) {
    super(`the library has no ${operation}`)
    this.operation = operation
  }
}
