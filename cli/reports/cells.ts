/** How many cells of a terminal a text takes. A letter of Chinese takes two, an accent none. */

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Marks and joiners stand over, or hold together, what is before them. */
const NO_CELL = /^[\p{Mark}\p{Format}]$/u
const PICTURE = /\p{Emoji_Presentation}|\ufe0f/u

/** The blocks of wide letters: East Asian Width W and F of Unicode 16. */
const WIDE: readonly (readonly [from: number, to: number])[] = [
  [0x11_00, 0x11_5f],
  [0x2e_80, 0x30_3e],
  [0x30_41, 0xa4_cf],
  [0xa9_60, 0xa9_7c],
  [0xac_00, 0xd7_a3],
  [0xf9_00, 0xfa_ff],
  [0xfe_10, 0xfe_19],
  [0xfe_30, 0xfe_6f],
  [0xff_01, 0xff_60],
  [0xff_e0, 0xff_e6],
  [0x1_6f_e0, 0x1_b2_ff],
  [0x2_00_00, 0x3_ff_fd],
]

const isWide = (code: number): boolean => WIDE.some(([from, to]) => code >= from && code <= to)

const cellsOfGrapheme = (grapheme: string): number => {
  const code = grapheme.codePointAt(0) ?? 0
  if (NO_CELL.test(grapheme)) return 0
  return isWide(code) || PICTURE.test(grapheme) ? 2 : 1
}

const PLAIN = /^[ -~]*$/

/** The cells of a text without line feeds. */
export const cellsOf = (text: string): number => {
  if (PLAIN.test(text)) return text.length
  let cells = 0
  for (const { segment } of graphemes.segment(text)) cells += cellsOfGrapheme(segment)
  return cells
}

/** The text with spaces behind it, up to a number of cells. */
export const padCells = (text: string, cells: number): string =>
  text + ' '.repeat(Math.max(0, cells - cellsOf(text)))

/** The beginning of a text that takes no more cells. Nothing is cut in the middle of a letter. */
export const cutToCells = (text: string, cells: number): string => {
  if (cellsOf(text) <= cells) return text
  let [kept, taken] = ['', 0]
  for (const { segment } of graphemes.segment(text)) {
    taken += cellsOfGrapheme(segment)
    if (taken > cells) break
    kept += segment
  }
  return kept
}
