import { decode, encode } from '../../base/codec.ts'
import type { PlacedAdds } from '../../rdd/adds/adding.ts'
import type { FinishedOutput } from '../../state/finished-output.ts'
import type { LoggedBatch } from '../../state/head.ts'

/**
 * With more finished outputs than this, the head does not carry them. All outputs run again then,
 * which changes nothing for a reader.
 */
const STORED_MAX = 64

/** With larger adds than this, in base64, the outputs that have them run again. */
const ADDS_CHARACTERS_MAX = 4_096

type Adds = readonly (readonly [id: string, adds: readonly PlacedAdds[]])[]

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
  /** What functions of outputs have added to accumulators, by the id of the output. */
  readonly #adds = new Map<string, readonly PlacedAdds[]>()

  /** `found`: see `foundText`. Undefined: an earlier version has noted the outputs without it. */
  constructor(
    found?: string,
    ids: readonly string[] = [],
    finished: readonly FinishedOutput[] = [],
    adds: Adds = [],
  ) {
    this.#found = found
    this.#ids = new Set(ids)
    for (const one of finished) this.wrote(one)
    for (const [id, some] of adds) if (this.#ids.has(id)) this.#adds.set(id, some)
  }

  /** What an earlier attempt has noted in the head. */
  static of(logged: LoggedBatch | undefined): OutputsDone {
    const { found, outputsDone, finished, adds } = logged ?? {}
    const added = adds === undefined ? [] : (decode(Buffer.from(adds, 'base64')) as Adds)
    return new OutputsDone(found, outputsDone, finished, added)
  }

  /** Those that hold what an attempt has found. All others run again. */
  with(found: string): OutputsDone {
    if (found === this.#found) return this
    return this.#found === undefined
      ? new OutputsDone(found, [...this.#ids], this.finished, [...this.#adds])
      : new OutputsDone(found)
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  /** An output is done. It has written this, and its functions have added this. */
  done(id: string, finished: readonly FinishedOutput[], adds: readonly PlacedAdds[] = []): void {
    this.#ids.add(id)
    if (adds.length > 0) this.#adds.set(id, adds)
    for (const one of finished) this.wrote(one)
  }

  /** Something was written that must be published after the commit. */
  wrote(one: FinishedOutput): void {
    this.#finished.set(JSON.stringify(one.location), one)
  }

  get finished(): readonly FinishedOutput[] {
    return [...this.#finished.values()]
  }

  /** What functions of the outputs that are done have added to accumulators. */
  get adds(): readonly PlacedAdds[] {
    return [...this.#adds.values()].flat()
  }

  /** What the head keeps for the next attempt. */
  stored(): Pick<LoggedBatch, 'found' | 'adds'> &
    Required<Pick<LoggedBatch, 'outputsDone' | 'finished'>> {
    const found = this.#found === undefined ? {} : { found: this.#found }
    if (this.#finished.size > STORED_MAX) return { ...found, outputsDone: [], finished: [] }
    const done = { ...found, finished: this.finished }
    if (this.#adds.size === 0) return { ...done, outputsDone: [...this.#ids] }
    const adds = Buffer.from(encode([...this.#adds])).toString('base64')
    return adds.length > ADDS_CHARACTERS_MAX
      ? { ...done, outputsDone: [...this.#ids].filter((id) => !this.#adds.has(id)) }
      : { ...done, outputsDone: [...this.#ids], adds }
  }
}
