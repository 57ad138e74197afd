/** Where `print()` writes. A write is one whole text, never a part of a line. */
export interface Printer {
  print(text: string): void
}
