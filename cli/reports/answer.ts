import type { Outputs } from './reporter.ts'

/** What a command answers, for programs and for people. */
export interface Answer {
  readonly object: object
  readonly text: string
}

/** Gives the answer. */
export const say = ({ object, text }: Answer, json: boolean, { out }: Pick<Outputs, 'out'>): void =>
  out.print(json ? `${JSON.stringify(object)}\n` : text)

/** A count in words: `1 batch`, `1,234 records`. */
export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number.toLocaleString('en-US')} ${number === 1 ? one : many}`

/** A moment in words, as short as it is exact. */
export const momentText = (ms: number): string =>
  new Date(ms).toISOString().replace('T', ' ').replace('.000Z', 'Z')

/** The first line of a text. */
export const firstLine = (text: string): string => text.split('\n')[0] ?? ''
