import type { Printer } from '../../ports/printer.ts'

/** A {@link Printer} that records the printed texts, for tests. */
export interface MemoryPrinter extends Printer {
  /** Every text printed so far, in order. */
  readonly texts: readonly string[]
}

/**
 * A {@link Printer} into the memory of this process.
 *
 * @example
 * ```ts
 * const printer = memoryPrinter()
 * printer.print('to be')
 * console.log(printer.texts) // ['to be']
 * ```
 */
export const memoryPrinter = (): MemoryPrinter => {
  const texts: string[] = []
  return {
    texts,
    print(text: string): void {
      texts.push(text)
    },
  }
}
