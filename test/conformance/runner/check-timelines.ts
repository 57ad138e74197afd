/**
 * Cases of files with a timeline: `params.timeline` is a list of lines, each of sentences separated
 * by `;` or, in lists of files, by `,`. The table below lists the possible sentences, like
 * ../README.md.
 */
import { milliseconds, stream } from 'millrace'
import { testStream, type TestStream } from 'millrace/testing'
import { placeOf, watching } from './check-files.ts'
import { checkBatches } from './compare.ts'
import { UnknownWord } from './outcome.ts'
import type { Mode } from './pipeline.ts'
import type { Batch, Vector } from './vector.ts'
import { call } from './call.ts'

/** The time `M`, which a timeline leaves open. */
const OPEN_MOMENT_MS = 100_000

const momentOf = (text: string): number =>
  text.startsWith('M') ? OPEN_MOMENT_MS + Number(text.slice(1).replace('+', '') || 0) : Number(text)

class Story {
  readonly #vector: Vector
  readonly #mode: Mode
  readonly #files = new Map<string, number>()
  #clockMs = 0
  #app: TestStream | undefined
  /** The batch that hangs until its process ends. */
  #hangingMs: number | undefined

  constructor(vector: Vector, mode: Mode) {
    this.#vector = vector
    this.#mode = mode
  }

  get batches(): readonly Batch[] {
    return (this.#app?.output('foreachRDD-1').batches ?? []).map(({ elements }) => elements ?? null)
  }

  async start(): Promise<void> {
    const { batchIntervalMs } = this.#vector
    const pipeline = stream(
      'story',
      { batchInterval: milliseconds(batchIntervalMs), whenIdle: 'tick' },
      (ssc) => {
        call(
          watching(ssc, this.#vector).stream,
          'foreachRDD',
          (_: unknown, { milliseconds: timeMs }: { readonly milliseconds: number }) => {
            if (timeMs === this.#hangingMs) throw new Error('hangs')
          },
        )
      },
    )
    this.#app = await testStream(pipeline, { now: new Date(this.#clockMs), failures: 'record' })
    for (const [path, modifiedMs] of this.#files) this.#show(path, modifiedMs)
  }

  setClock(momentMs: number): void {
    this.#clockMs = momentMs
  }

  async advanceTo(momentMs: number): Promise<void> {
    this.#clockMs = momentMs
    if (this.#app === undefined) return
    await this.#app.advance(milliseconds(momentMs - this.#app.nowMs))
    if (this.#mode.cold) await this.#app.restart()
  }

  advance(durationMs: number): Promise<void> {
    return this.advanceTo(this.#clockMs + durationMs)
  }

  hang(timeMs: number): void {
    this.#hangingMs = timeMs
  }

  async restart(): Promise<void> {
    this.#hangingMs = undefined
    const app = this.#app as TestStream
    await app.restart(
      app.nowMs < this.#clockMs ? { downFor: milliseconds(this.#clockMs - app.nowMs) } : {},
    )
    // Missed batches run at once.
    await app.advance(milliseconds(1))
  }

  /** The content of a file is its name up to the first dot. */
  write(path: string, modifiedMs = this.#clockMs): void {
    this.#files.set(path, modifiedMs)
    this.#show(path, modifiedMs)
  }

  /** Files keep their modification times. */
  rename(from: string, to: string): void {
    for (const [path, modifiedMs] of [...this.#files].filter(([path]) =>
      path.startsWith(`${from}/`),
    )) {
      this.#files.delete(path)
      this.#input?.removeFile(this.#keyOf(path))
      this.write(path.replace(from, to), modifiedMs)
    }
  }

  get #input() {
    return this.#app?.input(placeOf(this.#vector.params).place)
  }

  /**
   * A path below the watched part of the directory. A file elsewhere has a key that matches
   * nothing.
   */
  #keyOf(path: string): string {
    const base = `${placeOf(this.#vector.params).base}/`
    return `in/${path}`.startsWith(base) ? `in/${path}`.slice(base.length) : `../${path}`
  }

  #show(path: string, modifiedMs: number): void {
    const text = (path.split('/').at(-1) as string).replace(/\..*$/, '')
    this.#input?.addFile(this.#keyOf(path), text, { modified: modifiedMs })
  }
}

type Sentence = readonly [
  pattern: RegExp,
  happen: (story: Story, ...words: readonly string[]) => Promise<void> | void,
]

const nothing = (): void => undefined

const SENTENCES: readonly Sentence[] = [
  [/^start clock (\S+)$/, (story, at = '') => (story.setClock(momentOf(at)), story.start())],
  [/^start$/, (story) => story.start()],
  [/^stream created$/, nothing],
  [/^clock (?::= )?(M?\+?\d+)$/, (story, at = '') => story.setClock(momentOf(at))],
  [
    /^(?:advance|clock \+=) (\d+)(?: -> .*)?$/,
    (story, duration) => story.advance(Number(duration)),
  ],
  [
    /^advance to (\d+) -> batch (\d+) hangs$/,
    (story, to, batch) => (story.hang(Number(batch)), story.advanceTo(Number(to))),
  ],
  [/^advance to (\d+)(?: -> .*)?$/, (story, to) => story.advanceTo(Number(to))],
  [
    /^(?:write )?(?:file )?(\S+)(?: written,)? \(?(?:mtime )?(M?\+?\d*)\)?$/,
    (story, path = '', at = '') => story.write(path, momentOf(at)),
  ],
  [
    /^(?:write )?(?:file )?(\S+) \((?:mtime )?(\d+)\) -> (?:batch )?(\d+)$/,
    (story, path = '', at, batch) => (
      story.write(path, Number(at)),
      story.advanceTo(Number(batch))
    ),
  ],
  [/^write (\S+), set its times to the clock now$/, (story, path = '') => story.write(path)],
  [/^rename directory (\S+) to (\S+)$/, (story, from = '', to = '') => story.rename(from, to)],
  [/^wait for \d+ checkpoint files$/, nothing],
  // The process is down from this time. Files that are written meanwhile are there when the next
  // process starts.
  [/^stop$/, nothing],
  [
    /^restart at clock (\d+): batches .* run at once$/,
    (story, at) => (story.setClock(Number(at)), story.restart()),
  ],
]

const LIST = /^(?:down: )?(write .*\(.*\).*)$/

/** The sentences of a line. */
const sentencesOf = (line: string): readonly string[] =>
  line
    .split('; ')
    .flatMap((sentence) => LIST.exec(sentence)?.[1]?.split(/, (?=\S+ \()/) ?? [sentence])

const tell = async (story: Story, sentence: string): Promise<void> => {
  for (const [pattern, happen] of SENTENCES) {
    const words = pattern.exec(sentence)
    if (words !== null) return happen(story, ...words.slice(1))
  }
  throw new UnknownWord('sentence', sentence)
}

/** Runs the timeline, and compares all batches. */
export const checkTimeline = async (vector: Vector, mode: Mode): Promise<void> => {
  const story = new Story(vector, mode)
  for (const line of vector.params['timeline'] as readonly string[])
    for (const sentence of sentencesOf(line)) await tell(story, sentence)
  checkBatches(vector.compare, vector.expectedBatches ?? [], story.batches)
}
