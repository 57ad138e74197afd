/** The target of `print()`. Each call writes one whole text, never a part of a line. */
export interface Printer {
  print(text: string): void
  /**
   * Resolves when all that was printed is handed over. Without it, printing cannot fail.
   *
   * @throws MillraceError `OUTPUT_FAILED` when something of it was not, as on a full disk.
   */
  flushed?(): Promise<void>
}
