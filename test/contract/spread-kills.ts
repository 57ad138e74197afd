/**
 * A batch whose files are spread, told as a table of deaths. An attempt dies at a call, or stands
 * still there; another one is committed and published; and whoever publishes dies at a call too. A
 * reader that only lists the directories looks after each call.
 */
import { expect } from 'vitest'
import { packFiles } from '../../lib/base/file-bundle.ts'
import type { Sink } from '../../lib/ports/sink.ts'
import { fenceOf, finishBatch } from './write-batch.ts'

/** Where a process stops, by the number of the call, and what happens to it there. */
export interface Stop {
  readonly call: number
  /** It dies before the call or after it, or stands still before it until all others are done. */
  readonly how: 'before' | 'after' | 'stands'
}

/** A process that never stops. */
export const NEVER: Stop = { call: 0, how: 'before' }

/** A process at a storage. */
export interface Process {
  readonly sink: Sink<Uint8Array>
  /** Resolves when it stands still. */
  readonly stands: Promise<void>
  goOn(): void
}

/** A storage, and processes that work on it. */
export interface Storage {
  /** `look` is called after each call that has had its effect. */
  process(stop: Stop, look: () => void): Process
  /** All files, as a reader lists them. */
  files(): ReadonlyMap<string, Uint8Array>
}

/** Makes the calls of a process, of which one may be its last. */
export class Calls {
  readonly #stop: Stop
  readonly #look: () => void
  readonly #stood = Promise.withResolvers<void>()
  readonly #goes = Promise.withResolvers<void>()
  #made = 0
  #isDead = false

  constructor(stop: Stop, look: () => void) {
    this.#stop = stop
    this.#look = look
  }

  readonly stands: Promise<void> = this.#stood.promise
  readonly goOn = (): void => this.#goes.resolve()

  /** A call of which others may come in between. */
  async call<T>(effect: () => Promise<T>): Promise<T> {
    const isLast = this.#begin()
    if (isLast && this.#stop.how === 'stands') {
      this.#stood.resolve()
      await this.#goes.promise
    }
    const result = await effect()
    this.#end(isLast)
    return result
  }

  /** A call that nothing interrupts. */
  callSync<T>(effect: () => T): T {
    const isLast = this.#begin()
    const result = effect()
    this.#end(isLast)
    return result
  }

  #begin(): boolean {
    if (this.#isDead) throw new Error('dead')
    this.#made += 1
    const isLast = this.#made === this.#stop.call
    this.#isDead = isLast && this.#stop.how === 'before'
    if (this.#isDead) throw new Error('dies before the call')
    return isLast
  }

  #end(isLast: boolean): void {
    this.#look()
    this.#isDead = isLast && this.#stop.how === 'after'
    if (this.#isDead) throw new Error('dies after the call')
  }
}

const BATCH = { path: 'daily/_batches/1000', timeMs: 1_000, spreadTo: 'daily' }
const KNOWN = { path: BATCH.path, timeMs: BATCH.timeMs }

const bundle = (files: Readonly<Record<string, string>>): Uint8Array =>
  packFiles({
    extension: '.txt',
    files: Object.entries(files).map(([directory, text]) => ({
      directory,
      bytes: Buffer.from(text),
    })),
  })

/** Rows are lines. */
const COMMITTED = [{ 'day=1': 'a\nb\n', 'day=2': 'c\n' }, {}, { 'day=1': 'd\n' }]
const OTHER = [{ 'day=1': 'a\nx\n', 'day=3': 'y\n' }, { 'day=2': 'z\n' }]
const ROWS = ['1:a', '1:b', '1:d', '2:c']

/** All rows that a reader finds by listing. It knows nothing of `_SUCCESS`. */
const rowsIn = (files: ReadonlyMap<string, Uint8Array>): readonly string[] =>
  [...files]
    .flatMap(([path, bytes]) => {
      const [, day] = /^daily\/day=(\d)\/[^._][^/]*\.txt$/.exec(path) ?? []
      if (day === undefined) return []
      const lines = Buffer.from(bytes).toString().split('\n')
      return lines.filter(Boolean).map((line) => `${day}:${line}`)
    })
    .toSorted()

/** What is wrong with what a reader sees. */
const wrongIn = (rows: readonly string[], committed: boolean): readonly string[] => {
  const allowed = committed ? ROWS : []
  const twice = rows.filter((row, index) => rows.indexOf(row) < index)
  return [
    ...twice.map((row) => `${row} is there twice`),
    ...rows.filter((row) => !allowed.includes(row)).map((row) => `${row} is not committed`),
  ]
}

const contentsOf = (bundles: typeof COMMITTED | typeof OTHER): readonly Uint8Array[] =>
  bundles.map((files) => bundle(files as Readonly<Record<string, string>>))

/** Begins a step. Returns whether it has come to its end; undefined: it stands still. */
const untilStop = (step: Promise<unknown>, { stands }: Process): Promise<boolean | undefined> =>
  Promise.race([
    step.then(
      () => true,
      () => false,
    ),
    stands.then(() => undefined),
  ])

/** One life of the batch. Returns whether each of the two processes came to its end by itself. */
export const liveThrough = async (
  storage: Storage,
  attempt: { readonly stop: Stop; readonly same: boolean },
  publisher: Stop,
): Promise<{ readonly attemptEnded: boolean; readonly publisherEnded: boolean }> => {
  let committed = false
  const wrong: string[] = []
  const look = (): void => void wrong.push(...wrongIn(rowsIn(storage.files()), committed))

  const first = storage.process(attempt.stop, look)
  const contents = contentsOf(attempt.same ? COMMITTED : OTHER)
  const firstStep = finishBatch(first.sink, BATCH, fenceOf(1, 1), contents)
  const attemptEnded = await untilStop(firstStep, first)

  const second = storage.process(NEVER, look)
  const receipt = await finishBatch(second.sink, BATCH, fenceOf(1, 2), contentsOf(COMMITTED))
  committed = true
  const publish = async ({ sink }: Process): Promise<void> =>
    sink.publish?.(KNOWN, fenceOf(1, 2), receipt)
  const dying = storage.process(publisher, look)
  const dyingStep = publish(dying)
  const publisherEnded = await untilStop(dyingStep, dying)
  await publish(storage.process(NEVER, look))

  first.goOn()
  await Promise.allSettled([firstStep])
  dying.goOn()
  await Promise.allSettled([dyingStep])
  look()
  expect(wrong).toEqual([])
  expect(rowsIn(storage.files())).toEqual(ROWS)
  const marks = [...storage.files().keys()].filter((path) => path.endsWith('_SUCCESS'))
  expect(marks).toEqual([`${BATCH.path}/_SUCCESS`])
  return { attemptEnded: attemptEnded === true, publisherEnded: publisherEnded === true }
}

const CALLS_MAX = 200

/**
 * An attempt stands still at each of its calls, and who publishes at each of its own, until another
 * one has published everything. Returns how many pairs of calls there are.
 */
export const standEverywhere = async (storage: () => Storage, same: boolean): Promise<number> => {
  const at = (call: number): Stop => ({ call, how: 'stands' })
  let pairs = 0
  for (let attempt = 1; attempt <= CALLS_MAX; attempt++) {
    for (let publisher = 1; publisher <= CALLS_MAX; publisher++) {
      const lived = await liveThrough(storage(), { stop: at(attempt), same }, at(publisher))
      if (publisher === 1 && lived.attemptEnded) return pairs
      if (lived.publisherEnded) break
      pairs += 1
    }
  }
  throw new Error('it never came to its end')
}

/** Stops one of the processes at each of its calls in turn. Returns how many calls there are. */
export const stopEverywhere = async (
  storage: () => Storage,
  who: 'attempt' | 'publisher',
  how: Stop['how'],
  same: boolean,
): Promise<number> => {
  for (let call = 1; call <= CALLS_MAX; call++) {
    const stop = { call, how }
    const ended = await liveThrough(
      storage(),
      { stop: who === 'attempt' ? stop : NEVER, same },
      who === 'publisher' ? stop : NEVER,
    )
    if (who === 'attempt' ? ended.attemptEnded : ended.publisherEnded) return call - 1
  }
  throw new Error('it never came to its end')
}
