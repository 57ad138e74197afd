/** What `millrace replay` prints: the batches that differ, and a summary. */
import { oneLine } from '../../lib/base/printable.ts'
import type { ReplayedBatch } from '../../lib/runtime/replay/heard.ts'
import { type Difference, isDifferent } from '../../lib/runtime/replay/difference.ts'
import { count, jsonLine, timeText } from '../reports/answer.ts'
import type { Outputs } from '../reports/reporter.ts'
import type { ReplayOptions } from './replay-options.ts'
import { type ComparedBatch, type Comparison, hasDifference } from './comparison.ts'

/** What a replay is, before its first batch. */
export interface ReplayBegin {
  readonly app: string
  readonly location: string
  /** The batch after which the state is. */
  readonly snapshotMs: number
  readonly isEmpty: boolean
  readonly comparison: Pick<Comparison, 'ids' | 'notCompared' | 'hasOld'>
}

/** The records that were shown, and those that had no room. */
interface Room {
  left: number
  hidden: number
}

const CHARACTERS_MAX = 200
const NOTES_MAX = 10

const shown = (text: string): string => {
  const line = oneLine(text)
  return line.length > CHARACTERS_MAX ? `${line.slice(0, CHARACTERS_MAX)}...` : line
}

/** Counts what has happened, and says it. */
export class ReplayReport {
  readonly #outputs: Outputs
  readonly #json: boolean
  readonly #into: string | undefined
  readonly #intoApp: string | undefined
  readonly #room: Room
  readonly #differing = new Map<string, number>()
  readonly #gone = new Map<string, number>()
  readonly #notes = new Set<string>()
  #begin: ReplayBegin | undefined
  #batches = 0
  #records = 0
  #deadLetters = 0
  #different = 0
  #firstMs = 0
  #lastMs = 0

  constructor(
    {
      json,
      limit,
      into,
      intoApp,
    }: Pick<ReplayOptions, 'limit' | 'into' | 'intoApp'> & { readonly json: boolean },
    outputs: Outputs,
  ) {
    this.#json = json
    this.#into = into
    this.#intoApp = intoApp
    this.#room = { left: limit, hidden: 0 }
    this.#outputs = outputs
  }

  /** Whether something differs. */
  get isDifferent(): boolean {
    return this.#different > 0
  }

  begin(begin: ReplayBegin): void {
    this.#begin = begin
    if (this.#json) return
    const { app, location, isEmpty, snapshotMs } = begin
    const state = isEmpty
      ? 'from its beginning, without state'
      : `from the state after the batch of ${timeText(snapshotMs)}`
    this.#print(`Replaying ${app} (${location}) ${state}. Nothing is written to it.\n`)
  }

  batch({ timeMs, records, deadLetters, notes }: ReplayedBatch, compared: ComparedBatch): void {
    if (this.#batches === 0) this.#firstMs = timeMs
    this.#lastMs = timeMs
    this.#batches += 1
    this.#records += records
    this.#deadLetters += deadLetters
    for (const id of compared.gone) add(this.#gone, id)
    for (const { id, ...difference } of compared.outputs)
      if (isDifferent(difference)) add(this.#differing, id)
    if (hasDifference(compared)) this.#different += 1
    if (this.#json)
      return this.#print(jsonLine({ event: 'batch', records, deadLetters, ...compared, notes }))
    for (const note of notes) this.#notes.add(`batch ${timeText(timeMs)}: ${shown(note)}`)
    if (!hasDifference(compared)) return
    const lines = compared.outputs.filter(isDifferent).flatMap((one) => this.#linesOf(one))
    if (lines.length > 0) this.#print(`\nBatch ${timeText(timeMs)}\n${lines.join('\n')}\n`)
  }

  /** `brokenMs`: the batch at which the log ends, because something else has happened there. */
  end(brokenMs: number | undefined): void {
    const { comparison } = this.#begin as ReplayBegin
    if (this.#json) {
      this.#print(
        jsonLine({
          event: 'end',
          batches: this.#batches,
          records: this.#records,
          deadLetters: this.#deadLetters,
          different: this.#different,
          compared: comparison.ids,
          notCompared: comparison.notCompared,
          ...(brokenMs === undefined ? {} : { brokenMs }),
        }),
      )
      return
    }
    this.#print(`\n${[...this.#summary(brokenMs)].join('\n')}\n`)
  }

  #linesOf({ id, ...difference }: ComparedBatch['outputs'][number]): readonly string[] {
    if (this.#room.left === 0) {
      this.#room.hidden += sizeOf(difference)
      return []
    }
    const { changed, onlyBefore, onlyAfter, same } = difference
    const lines = [
      ...changed.map(({ before, after }) => `    ~ ${shown(before)}  ->  ${shown(after)}`),
      ...onlyBefore.map((text) => `    - ${shown(text)}`),
      ...onlyAfter.map((text) => `    + ${shown(text)}`),
    ]
    const kept = lines.slice(0, this.#room.left)
    this.#room.left -= kept.length
    this.#room.hidden += lines.length - kept.length
    const parts = [
      [changed.length, 'changed'],
      [onlyBefore.length, 'only before'],
      [onlyAfter.length, 'only after'],
      [same, 'the same'],
    ] as const
    const counts = parts.flatMap(([number, what]) => (number === 0 ? [] : [`${number} ${what}`]))
    return [`  ${id}: ${counts.join(', ')}`, ...kept]
  }

  *#summary(brokenMs: number | undefined): Generator<string> {
    const { comparison } = this.#begin as ReplayBegin
    if (this.#room.hidden > 0)
      yield `... and ${count(this.#room.hidden, 'more difference')}: see --limit and --json\n`
    const batches = count(this.#batches, 'batch', 'batches')
    const records = count(this.#records, 'record')
    const between = `${timeText(this.#firstMs)} to ${timeText(this.#lastMs)}`
    const what = this.#batches === 0 ? '' : `, ${between}, ${records}`
    const differing = `${count(this.#different, 'batch', 'batches')} with a difference`
    yield `${batches} ran again${what}. ${this.#different === 0 ? 'Nothing differs' : differing}.`
    for (const id of comparison.ids) yield `  ${id}: ${this.#resultText(id)}`
    for (const { id, why } of comparison.notCompared) yield `  ${id}: not compared, ${why}`
    if (comparison.notCompared.length > 0 && !comparison.hasOld)
      yield 'To compare all outputs, give the module as it was: --against OLD.ts'
    yield* [...this.#notes].slice(0, NOTES_MAX)
    if (this.#notes.size > NOTES_MAX) yield `... and ${this.#notes.size - NOTES_MAX} more`
    if (this.#deadLetters > 0) yield `${count(this.#deadLetters, 'dead letter')} in the replay`
    if (brokenMs !== undefined)
      yield [
        `The replay ends before the batch of ${timeText(brokenMs)}:`,
        'it was skipped, or a command has changed the state then',
      ].join(' ')
    if (this.#into !== undefined) yield `The copy is in ${this.#into}: --state ${this.#into}`
    if (this.#intoApp !== undefined && this.#batches > 0)
      yield `The copy is in ${this.#intoApp}, whose driver goes on with it: --app ${this.#intoApp}`
  }

  #resultText(id: string): string {
    const gone = this.#gone.get(id) ?? 0
    const differing = count(this.#differing.get(id) ?? 0, 'batch', 'batches')
    const lost = gone === 0 ? '' : `, ${count(gone, 'batch', 'batches')} whose files are gone`
    return `${differing} with a difference${lost}`
  }

  #print(text: string): void {
    this.#outputs.out.print(text)
  }
}

const add = (counts: Map<string, number>, id: string): void =>
  void counts.set(id, (counts.get(id) ?? 0) + 1)

const sizeOf = ({ changed, onlyBefore, onlyAfter }: Difference): number =>
  changed.length + onlyBefore.length + onlyAfter.length
