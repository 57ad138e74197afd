/** Randomness as the runtime sees it. */
export interface Randomness {
  /**
   * A new unique name of letters and digits, used as an attempt id. It has at least 96 random bits,
   * because two equal ids break B2.
   */
  attemptId(): string
}
