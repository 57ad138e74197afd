import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The count of each word. */
export type Counts = ReadonlyMap<string, number>

/** The counts that one output has saved, by batch time, in time order. */
export const savedCounts = (directory: string, prefix: string): ReadonlyMap<number, Counts> => {
  const names = readdirSync(directory).filter((name) => name.startsWith(`${prefix}-`))
  const times = names.map((name) => Number(name.slice(prefix.length + 1))).toSorted((a, b) => a - b)
  return new Map(times.map((time) => [time, countsIn(join(directory, `${prefix}-${time}`))]))
}

/** All lines of all outputs in a directory. Throws if an output is not complete. */
export const linesIn = (directory: string): readonly string[] =>
  readdirSync(directory).flatMap((output) => linesOfOutput(join(directory, output)))

/** The lines of one output. Throws if it is not complete. */
export const linesOfOutput = (directory: string): readonly string[] => {
  const names = readdirSync(directory)
  if (!names.includes('_SUCCESS'))
    throw new Error(`${directory} has no _SUCCESS: ${names.join(', ')}`)
  return names
    .filter((name) => name.startsWith('part-'))
    .flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1))
}

/** Reads lines such as `(word,3)` of one output. Throws if the output is not complete. */
const countsIn = (directory: string): Counts => {
  const lines = linesOfOutput(directory)
  return countsOf(
    lines.map((line): [string, number] => [
      line.slice(1, line.lastIndexOf(',')),
      Number(line.slice(line.lastIndexOf(',') + 1, -1)),
    ]),
  )
}

/** Adds the numbers of each word. */
export const countsOf = (pairs: Iterable<readonly [string, number]>): Counts => {
  const counts = new Map<string, number>()
  for (const [word, number] of pairs) counts.set(word, (counts.get(word) ?? 0) + number)
  return counts
}

/** The counts sorted by word, to compare them. */
export const sorted = (counts: Counts): readonly (readonly [string, number])[] =>
  [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1))
