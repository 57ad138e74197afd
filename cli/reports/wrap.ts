/** Breaks text into lines for people. */
import { cellsOf } from './cells.ts'

/** Longer lines are hard to read, however wide the terminal is. */
const WIDTH_MAX = 100

/**
 * The text in lines of at most `width` characters, each behind `indent`. A word that is longer has
 * a line of its own.
 */
export const wrapped = (text: string, indent: string, width: number = WIDTH_MAX): string => {
  const room = Math.min(width, WIDTH_MAX) - indent.length
  const lines: string[] = ['']
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1) ?? ''
    if (last === '') lines[lines.length - 1] = word
    else if (cellsOf(last) + 1 + cellsOf(word) <= room) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines.map((line) => `${indent}${line}\n`).join('')
}
