/** The target of `print()`. Each call writes one whole text, never a part of a line. */
export interface Printer {
  print(text: string): void
}
