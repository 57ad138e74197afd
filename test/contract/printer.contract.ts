import { describe, expect, test } from 'vitest'
import type { Printer } from '../../lib/ports/printer.ts'

/**
 * What every {@link Printer} promises. `open` gives one with what it has printed so far, text by
 * text.
 */
export const printerContract = (
  adapter: string,
  open: () => { readonly printer: Printer; readonly texts: readonly string[] },
): void => {
  describe(`a printer: ${adapter}`, () => {
    test('prints whole texts, in order, as they are', () => {
      const { printer, texts } = open()
      const given = ['one\n', 'two\nlines\n', '', 'no end', 'ä€😀\0\r\n']
      for (const text of given) printer.print(text)
      expect(texts).toEqual(given)
    })
  })
}
