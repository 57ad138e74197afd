/** One line at the bottom of a terminal that is written again and again. */
import { cellsOf, cutToCells } from './cells.ts'

/** See the head of this file. */
export interface StatusLine {
  /**
   * Shows a text in place of the last one: the first of the given ones that fits, or else the
   * beginning of the last one.
   */
  show(texts: readonly string[]): void
  /** Removes the line, before other text is written. */
  clear(): void
}

/** The terminal that the line is written to. `columns` follows its size. */
export type Terminal = Pick<NodeJS.WriteStream, 'write'> & { readonly columns?: number }

/** A terminal of unknown width. Some say 0. */
const COLUMNS = 80
/** A narrower one shows nothing: it would not be a word. */
const COLUMNS_MIN = 10
const ERASE = '\r\u001b[K'

export const statusLine = (terminal: Terminal): StatusLine => {
  let shown = ''
  const clear = (): void => {
    if (shown !== '') terminal.write(ERASE)
    shown = ''
  }
  return {
    show(texts) {
      const { columns = 0 } = terminal
      // A full line would wrap, and its beginning could not be erased.
      const cells = (columns === 0 ? COLUMNS : columns) - 1
      if (cells < COLUMNS_MIN) return clear()
      const text =
        texts.find((one) => cellsOf(one) <= cells) ?? cutToCells(texts.at(-1) ?? '', cells)
      // What is there already does not flicker.
      if (text !== shown) terminal.write(ERASE + text)
      shown = text
    },
    clear,
  }
}
