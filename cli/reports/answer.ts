import { printableJson } from '../../lib/base/printable.ts'
import type { Outputs } from './reporter.ts'
import type { Style } from './style.ts'

export { count } from '../../lib/base/amount-text.ts'

/** The answer of a command: as JSON for programs, and as text for users. */
export interface Answer {
  readonly object: object
  readonly text: string
  /** How a line of the text is shown. Default: plain. */
  readonly styleOf?: (line: string) => Style | undefined
}

/** Prints the answer. */
export const say = (
  { object, text, styleOf }: Answer,
  json: boolean,
  { out }: Pick<Outputs, 'out'>,
): void => {
  if (json || styleOf === undefined) return out.print(json ? jsonLine(object) : text)
  for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) out.print(line, styleOf(line))
}

/** An object as a line of JSON that is safe for a terminal. */
export const jsonLine = (object: object): string => `${printableJson(JSON.stringify(object))}\n`

/** A time as text, without milliseconds if they are zero: `2026-11-22 10:00:00Z`. */
export const timeText = (ms: number): string =>
  new Date(ms).toISOString().replace('T', ' ').replace('.000Z', 'Z')

/** The first line of a text. */
export const firstLine = (text: string): string => text.split('\n')[0] ?? ''

/** Prints an error. Its first line says what is wrong; the others say why, and what to do. */
export const printError = ({ print }: Pick<Outputs['err'], 'print'>, message: string): void => {
  const [first, ...rest] = `${message}\n`.split(/(?<=\n)/)
  print(first ?? '', 'bad')
  if (rest.length > 0) print(rest.join(''))
}
