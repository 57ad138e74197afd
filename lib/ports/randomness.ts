/** Randomness as the runtime sees it. */
export interface Randomness {
  /**
   * A name that nobody else ever uses, of letters and digits: an attempt id. 96 random bits at
   * least, since two equal ones break B2.
   */
  attemptId(): string
}
