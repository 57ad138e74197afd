/**
 * What the stores of earlier versions hold: a pipeline, the batches that it has run, and a plain
 * loop that says what each batch gives. Nothing here may change: the stores in this folder are
 * written from it.
 *
 * - Batch 1 has every key. Batches of three lines follow, so the states have deltas, and panes go
 *   into pages. Then some batches have half of the keys: the states are merged.
 * - Some lines are bad: they are dead letters.
 * - In the last batch the last output fails. It is logged, and the other outputs are done.
 * - Then lines come that no batch takes. They are so many that the lane has a page.
 */
import {
  type DStream,
  minutes,
  type Pipeline,
  seconds,
  type State,
  StateSpec,
  type Time,
} from 'millrace'
import type { LogSettings } from '../../../../lib/state/state-log.ts'
import { type Deployment, pipelineOf, START_MS, type World } from '../harness.ts'

/** The last batch of the store, whose last output fails. */
export const LAST_BATCH = 101
/** Lines that wait, one entry each. The next batch takes all of them. */
const WAITING = 40
const KEYS = 240
const SOURCE = 'socketTextStream-1'

/** Merges in slices of few keys, so that a small store has some. Other sizes are the usual ones. */
const SETTINGS: LogSettings = {
  pageRefs: 16,
  smallAfterDeltas: 64,
  smallShareMax: 0.25,
  tinyBytes: 512,
  merges: {
    besideBytes: 4_096,
    atOnceAfter: 5,
    sliceBytes: 2_048,
    sliceKeys: 32_768,
    mergeForMs: 86_400_000,
  },
}

/** Keys of every form in which they are stored. */
const keyOf = (number: number): unknown =>
  [
    `user-${number}`,
    `\u043a\u043b\u044e\u0447 ${number}`,
    number,
    ['user', number],
    { country: 'de', id: number },
    new Date(number),
  ][number % 6]

/** A key as text. */
export const show = (key: unknown): string =>
  typeof key === 'object' ? JSON.stringify(key) : String(key)

/** The lines of a batch: the number of a key, and an amount. An amount of 0 ends its total. */
export const linesOf = (batch: number): readonly string[] => {
  if (batch === 1) return Array.from({ length: KEYS }, (_, key) => `${key} 1`)
  if (batch === LAST_BATCH + 1)
    return Array.from({ length: WAITING }, (_, line) => `${line * 3} ${line}`)
  if (batch >= 70 && batch < 78)
    return Array.from({ length: KEYS / 2 }, (_, key) => `${key * 2 + (batch % 2)} ${batch}`)
  const few = [0, 1, 2].map((line) => `${(batch * 7 + line * 31) % 60} ${(batch + line) % 9}`)
  return batch % 40 === 10 ? [...few, `bad line of ${batch}`] : few
}

/** What the pipeline has told: by output and batch, in the order of the text. */
export type Told = Map<string, readonly string[]>

const add = (a: number, b: number): number => a + b
const subtract = (a: number, b: number): number => a - b

interface Total {
  readonly sum: number
  readonly records: number
  readonly name: string
}

const total = (amounts: readonly number[], state: Total | undefined, key: unknown) =>
  amounts.includes(0)
    ? undefined
    : {
        sum: amounts.reduce(add, state?.sum ?? 0),
        records: (state?.records ?? 0) + amounts.length,
        name: show(key),
      }

const TIMEOUT_S = 25
const TIMER_S = 7
const TTL_S = 15
const WINDOW_S = 40
const RAW_WINDOW_S = 5

/** What a format can hold. */
export interface Parts {
  /** Timers, a time to live, and files of several batches. */
  readonly hasTimes: boolean
}

const visit =
  ({ hasTimes }: Parts) =>
  (key: unknown, _: unknown, state: State<number>, time: Time): string => {
    if (state.isTimingOut()) return `${show(key)} gone at ${state.get()}`
    if (hasTimes && state.isTimerFiring()) return `${show(key)} due at ${state.get()}`
    const count = (state.getOption() ?? 0) + 1
    state.update(count)
    if (hasTimes && state.getTimer() === undefined) state.setTimer(time.plus(seconds(TIMER_S)))
    return `${show(key)} ${count}`
  }

/** Throws on a bad line. */
const pairOf = (line: string): [unknown, number] => {
  const [key, amount] = line.split(' ').map(Number) as [number, number]
  if (Number.isNaN(key)) throw new Error('no number')
  return [keyOf(key), amount]
}

/** The pipeline. Its last output fails while `fails()`. */
export const storyPipeline = (parts: Parts, told: Told, fails: () => boolean): Pipeline =>
  pipelineOf(
    (ssc) => {
      const tell = (name: string, stream: DStream<unknown>): void =>
        stream.foreachRDD(async (rdd, time) => {
          if (name === 'last' && fails()) throw new Error('the last output fails')
          const batch = (time.milliseconds - START_MS) / 1_000
          const texts = (await rdd.collect()).map((one) => JSON.stringify(one))
          told.set(`${name} ${batch}`, texts.toSorted())
        })
      const lines = ssc.socketTextStream('lines', 1)
      lines.saveAsTextFiles('lines')
      const pairs = lines.mapToPair(pairOf)
      const ones = pairs.mapValues(() => 1)
      const window = seconds(WINDOW_S)
      const partitions = 2
      tell('totals', pairs.updateStateByKey<Total>(total, { partitions }).named('totals'))
      const spec = StateSpec.function(visit(parts), {
        timeout: seconds(TIMEOUT_S),
        partitions,
        ...(parts.hasTimes ? { timers: true } : {}),
      })
      tell('visits', pairs.mapWithState(spec).named('visits'))
      tell('window', ones.reduceByKeyAndWindow(add, window).named('window'))
      tell(
        'inverse',
        ones
          .reduceByKeyAndWindow(add, subtract, window, seconds(1), { filter: (_, n) => n > 0 })
          .named('inverse'),
      )
      tell('raw', lines.window(seconds(RAW_WINDOW_S)).count())
      if (parts.hasTimes) {
        const ttl = seconds(TTL_S)
        tell('living', ones.updateStateByKey<number>(living, { ttl }).named('living'))
        lines.saveAsTextFiles('rolled', { every: minutes(1) })
      }
      tell('last', lines.count())
    },
    { whenIdle: 'tick' },
  )

const living = (amounts: readonly number[], state = 0): number => amounts.reduce(add, state)

/** The good lines of a batch: key as text, and amount. */
const goodOf = (batch: number): readonly (readonly [key: unknown, amount: number])[] =>
  batch < 1
    ? []
    : linesOf(batch)
        .filter((line) => !line.startsWith('bad'))
        .map(pairOf)

const countsIn = (first: number, last: number): Map<string, [unknown, number]> => {
  const counts = new Map<string, [unknown, number]>()
  for (let batch = first; batch <= last; batch++)
    for (const [key] of goodOf(batch))
      counts.set(show(key), [key, (counts.get(show(key))?.[1] ?? 0) + 1])
  return counts
}

/** A key that was visited. Times are batches. */
interface Visit {
  readonly count: number
  readonly last: number
  readonly due: number | undefined
}

/** The plain loop: what is true after each batch. */
export class StoryModel {
  readonly told: Told = new Map()
  readonly totals = new Map<string, readonly [key: unknown, state: Total]>()
  readonly visits = new Map<string, Visit>()
  readonly #living = new Map<string, readonly [key: unknown, count: number, last: number]>()
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  run(batch: number): void {
    const good = goodOf(batch)
    this.#tell(batch, 'totals', this.#total(good))
    this.#tell(batch, 'visits', this.#visit(batch, good))
    const counts = [...countsIn(batch - WINDOW_S + 1, batch).values()]
    this.#tell(batch, 'window', counts)
    this.#tell(batch, 'inverse', counts)
    let raw = 0
    for (let one = Math.max(1, batch - RAW_WINDOW_S + 1); one <= batch; one++)
      raw += linesOf(one).length
    this.#tell(batch, 'raw', [raw])
    if (this.#parts.hasTimes) this.#tell(batch, 'living', this.#live(batch, good))
    this.#tell(batch, 'last', [linesOf(batch).length])
  }

  #tell(batch: number, name: string, elements: readonly unknown[]): void {
    this.told.set(`${name} ${batch}`, elements.map((one) => JSON.stringify(one)).toSorted())
  }

  #total(good: readonly (readonly [unknown, number])[]): readonly unknown[] {
    for (const [name, amounts] of Map.groupBy(good, ([key]) => show(key))) {
      const state = total(
        amounts.map(([, amount]) => amount),
        this.totals.get(name)?.[1],
        amounts[0]?.[0],
      )
      if (state === undefined) this.totals.delete(name)
      else this.totals.set(name, [amounts[0]?.[0], state])
    }
    return [...this.totals.values()]
  }

  #visit(batch: number, good: readonly (readonly [unknown, number])[]): readonly string[] {
    const given: string[] = []
    for (const [key] of good) {
      const { count = 0, due } = this.visits.get(show(key)) ?? {}
      const next = { count: count + 1, last: batch, due: due ?? batch + TIMER_S }
      this.visits.set(show(key), this.#parts.hasTimes ? next : { ...next, due: undefined })
      given.push(`${show(key)} ${next.count}`)
    }
    for (const [key, { count, last, due }] of this.visits) {
      if (due === batch) {
        given.push(`${key} due at ${count}`)
        // The function counts the call of the timer in no way.
        this.visits.set(key, { count, last, due: undefined })
      }
      if (batch - last <= TIMEOUT_S) continue
      given.push(`${key} gone at ${count}`)
      this.visits.delete(key)
    }
    return given
  }

  #live(batch: number, good: readonly (readonly [unknown, number])[]): readonly unknown[] {
    for (const [name, [, , last]] of this.#living)
      if (batch - last > TTL_S) this.#living.delete(name)
    for (const [key] of good)
      this.#living.set(show(key), [key, (this.#living.get(show(key))?.[1] ?? 0) + 1, batch])
    return Array.from(this.#living.values(), ([key, count]) => [key, count])
  }
}

/** A process that runs the batches of the story, one a second. */
export class Story {
  readonly world: World
  readonly told: Told = new Map()
  fails = false
  readonly #deployment: Deployment
  #position: number

  /** `position`: of the next line in its lane. */
  constructor(parts: Parts, world: World, position = 1) {
    this.world = world
    this.#position = position
    this.#deployment = world.deploy(
      storyPipeline(parts, this.told, () => this.fails),
      { logSettings: SETTINGS },
    )
  }

  async run(): Promise<string> {
    return (await this.#deployment.run()).kind
  }

  async append(lines: readonly string[]): Promise<void> {
    await this.#deployment.append(SOURCE, this.#position, lines)
    this.#position += lines.length
  }

  /** Runs a batch with its lines. */
  async batch(batch: number): Promise<string> {
    await this.append(linesOf(batch))
    this.world.advance(1_000)
    return this.run()
  }
}

/** Runs all of the story up to where a store is kept. Gives what the outputs told. */
export const writeStory = async (parts: Parts, world: World): Promise<Told> => {
  const story = new Story(parts, world)
  await story.run()
  for (let batch = 1; batch < LAST_BATCH; batch++) await story.batch(batch)
  story.fails = true
  await story.batch(LAST_BATCH)
  for (const line of linesOf(LAST_BATCH + 1)) await story.append([line])
  return story.told
}
