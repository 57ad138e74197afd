import type { FinishedOutput } from '../../state/finished-output.ts'
import type { LoggedBatch } from '../../state/head.ts'

/**
 * With more finished outputs than this, the head does not carry them. All outputs run again then,
 * which changes nothing for a reader.
 */
const STORED_MAX = 64

/**
 * The outputs of a batch that are done, in this attempt or an earlier one. They hold what one
 * reading of the input has found. A file that is redriven may be gone in the next attempt, and then
 * it must be in none of the outputs (B3).
 */
export class OutputsDone {
  readonly #found: string | undefined
  readonly #ids: Set<string>
  /** By location: of several attempts that wrote to one place, the latest counts. */
  readonly #finished = new Map<string, FinishedOutput>()

  /** `found`: see `foundText`. Undefined: an earlier version has noted the outputs without it. */
  constructor(
    found?: string,
    ids: readonly string[] = [],
    finished: readonly FinishedOutput[] = [],
  ) {
    this.#found = found
    this.#ids = new Set(ids)
    for (const one of finished) this.wrote(one)
  }

  /** What an earlier attempt has noted in the head. */
  static of(logged: LoggedBatch | undefined): OutputsDone {
    return new OutputsDone(logged?.found, logged?.outputsDone, logged?.finished)
  }

  /** Those that hold what an attempt has found. All others run again. */
  with(found: string): OutputsDone {
    if (found === this.#found) return this
    return this.#found === undefined
      ? new OutputsDone(found, [...this.#ids], this.finished)
      : new OutputsDone(found)
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  /** An output is done, and has written this. */
  done(id: string, finished: readonly FinishedOutput[]): void {
    this.#ids.add(id)
    for (const one of finished) this.wrote(one)
  }

  /** Something was written that must be published after the commit. */
  wrote(one: FinishedOutput): void {
    this.#finished.set(JSON.stringify(one.location), one)
  }

  get finished(): readonly FinishedOutput[] {
    return [...this.#finished.values()]
  }

  /** What the head keeps for the next attempt. */
  stored(): Pick<LoggedBatch, 'found'> & Required<Pick<LoggedBatch, 'outputsDone' | 'finished'>> {
    const found = this.#found === undefined ? {} : { found: this.#found }
    return this.#finished.size > STORED_MAX
      ? { ...found, outputsDone: [], finished: [] }
      : { ...found, outputsDone: [...this.#ids], finished: this.finished }
  }
}
