/** One line at the bottom of a terminal that is written again and again. */
export interface StatusLine {
  /** Shows a text in place of the last one. It is cut to the width of the terminal. */
  show(text: string): void
  /** Removes the line, before other text is written. */
  clear(): void
}

/** The terminal that the line is written to. */
export type Terminal = Pick<NodeJS.WriteStream, 'write'> & { readonly columns?: number }

/** A terminal of unknown width. */
const COLUMNS = 80
const ERASE = '\r\u001b[K'

export const statusLine = (terminal: Terminal): StatusLine => {
  let isShown = false
  return {
    show(text) {
      // A full line would wrap, and its beginning could not be erased.
      terminal.write(ERASE + text.slice(0, (terminal.columns ?? COLUMNS) - 1))
      isShown = true
    },
    clear() {
      if (isShown) terminal.write(ERASE)
      isShown = false
    },
  }
}
