/** What the run of an example has said and written, and plain code that says what it should. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'vitest'
import { linesOfOutput } from '../process/results.ts'
import { root } from '../tidy/source.ts'

/** Where the examples and their data are. */
export const examples = join(root, 'examples')

/** The whole lines of a file that an example has. */
export const linesIn = (...path: readonly string[]): readonly string[] =>
  readFileSync(join(examples, ...path), 'utf8')
    .split('\n')
    .slice(0, -1)

export const jsonIn = <T>(...path: readonly string[]): readonly T[] =>
  linesIn(...path).map((line) => JSON.parse(line) as T)

/** Adds up a number for each key. */
export const sums = (pairs: Iterable<readonly [string, number]>): ReadonlyMap<string, number> => {
  const totals = new Map<string, number>()
  for (const [key, value] of pairs) totals.set(key, (totals.get(key) ?? 0) + value)
  return totals
}

export const counts = (keys: Iterable<string>): ReadonlyMap<string, number> =>
  sums([...keys].map((key) => [key, 1]))

/** As `print` shows pairs. */
export const asPrinted = (pairs: Iterable<readonly [string, unknown]>): readonly string[] =>
  [...pairs].map(([key, value]) => `(${key},${String(value)})`).toSorted()

/** What a run has said and written. */
export class Run {
  readonly #place: string
  readonly stdout: string
  readonly stderr: string

  constructor(place: string, said: { readonly stdout: string; readonly stderr: string }) {
    this.#place = place
    this.stdout = said.stdout
    this.stderr = said.stderr
  }

  /** The pairs that were printed, sorted. */
  get pairs(): readonly string[] {
    return this.stdout
      .split('\n')
      .filter((line) => line.startsWith('('))
      .toSorted()
  }

  /** The lines between a heading and the next empty line. */
  under(heading: string): readonly string[] {
    const [, shown = ''] = this.stdout.split(`\n${heading}\n`)
    return shown.split('\n\n')[0]?.split('\n').slice(2) ?? []
  }

  path(...names: readonly string[]): string {
    return join(this.#place, ...names)
  }

  /** The lines of the one batch in a directory of `out`. */
  lines(...names: readonly string[]): readonly string[] {
    const below = this.path('out', ...names)
    const [batch = '', ...more] = readdirSync(below)
    expect(more).toEqual([])
    return linesOfOutput(join(below, batch))
  }

  json(...names: readonly string[]): readonly unknown[] {
    return this.lines(...names).map((line): unknown => JSON.parse(line))
  }

  bodies(...names: readonly string[]): readonly unknown[] {
    return this.json(...names).map((message) => (message as { readonly body: string }).body)
  }

  rows(file: string, query: string): unknown {
    const database = new DatabaseSync(this.path(file), { readOnly: true })
    try {
      return database.prepare(query).all()
    } finally {
      database.close()
    }
  }
}
