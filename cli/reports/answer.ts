import { printableJson } from '../../lib/base/printable.ts'
import type { Outputs } from './reporter.ts'

/** The answer of a command: as JSON for programs, and as text for users. */
export interface Answer {
  readonly object: object
  readonly text: string
}

/** Prints the answer. */
export const say = ({ object, text }: Answer, json: boolean, { out }: Pick<Outputs, 'out'>): void =>
  out.print(json ? jsonLine(object) : text)

/** An object as a line of JSON that is safe for a terminal. */
export const jsonLine = (object: object): string => `${printableJson(JSON.stringify(object))}\n`

/** A number with its noun: `1 batch`, `1,234 records`. */
export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number.toLocaleString('en-US')} ${number === 1 ? one : many}`

/** A time as text, without milliseconds if they are zero: `2026-11-22 10:00:00Z`. */
export const timeText = (ms: number): string =>
  new Date(ms).toISOString().replace('T', ' ').replace('.000Z', 'Z')

/** The first line of a text. */
export const firstLine = (text: string): string => text.split('\n')[0] ?? ''
