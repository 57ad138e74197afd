import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Numbers by word. */
export type Counts = ReadonlyMap<string, number>

/** The directories of one output, in the order of their batch times, with the pairs in them. */
export const savedCounts = (directory: string, prefix: string): ReadonlyMap<number, Counts> => {
  const names = readdirSync(directory).filter((name) => name.startsWith(`${prefix}-`))
  const times = names.map((name) => Number(name.slice(prefix.length + 1))).toSorted((a, b) => a - b)
  return new Map(times.map((time) => [time, countsIn(join(directory, `${prefix}-${time}`))]))
}

/** All lines in the parts of all outputs of a directory, which have to be complete. */
export const linesIn = (directory: string): readonly string[] =>
  readdirSync(directory).flatMap((output) => linesOfOutput(join(directory, output)))

const linesOfOutput = (directory: string): readonly string[] => {
  const names = readdirSync(directory)
  if (!names.includes('_SUCCESS'))
    throw new Error(`${directory} has no _SUCCESS: ${names.join(', ')}`)
  return names
    .filter((name) => name.startsWith('part-'))
    .flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1))
}

/** Reads `(word,3)` from all parts; throws when the directory is not complete. */
const countsIn = (directory: string): Counts => {
  const lines = linesOfOutput(directory)
  return countsOf(
    lines.map((line): [string, number] => [
      line.slice(1, line.lastIndexOf(',')),
      Number(line.slice(line.lastIndexOf(',') + 1, -1)),
    ]),
  )
}

/** Adds up. */
export const countsOf = (pairs: Iterable<readonly [string, number]>): Counts => {
  const counts = new Map<string, number>()
  for (const [word, number] of pairs) counts.set(word, (counts.get(word) ?? 0) + number)
  return counts
}

/** In one order, to compare. */
export const sorted = (counts: Counts): readonly (readonly [string, number])[] =>
  [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1))
