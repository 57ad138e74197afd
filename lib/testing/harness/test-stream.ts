/**
 * The harness with which users test a pipeline: the real intake and the real driver over a store in
 * memory, in virtual time.
 *
 *   add input -> advance -> read outputs and state
 *
 * `advance` delivers through intake what was added. Then each batch that comes due runs at its
 * time.
 *
 * Nothing here waits for real time, and the same test gives the same run.
 */
import { memoryItemStore } from '../../adapters/memory/memory-item-store.ts'
import { memoryFiles } from '../../adapters/memory/memory-files.ts'
import type { Duration } from '../../base/duration.ts'
import { MillraceError } from '../../base/errors.ts'
import type { Pipeline } from '../../dstream/stream.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import { valuesOfStored } from '../../rdd/adds/accumulator-set.ts'
import { lastManifest } from '../../runtime/driver/last-manifest.ts'
import type { RuntimeEvent } from '../../runtime/events.ts'
import { readDeadLetters } from '../../state/dead-letter-reader.ts'
import { type Head, HeadStore, type HeadStatus } from '../../state/head.ts'
import type { Feed } from './feeds/feed.ts'
import { type Image, startImage, type TestWorld } from './image.ts'
import { type Observation, watchId } from './observed-plan.ts'
import { deadLetterOf, type TestDeadLetter, type TestFailure, TestOutput } from './test-batch.ts'
import { failureOf } from './test-failures.ts'
import { TestInput } from './test-input.ts'
import type { RestartOptions, TestStreamOptions } from './test-options.ts'
import { readState } from './read-state.ts'
import { VirtualClock } from './virtual-clock.ts'

const DEFAULT_START = new Date('2026-01-01T00:00:00Z')

/**
 * Starts a pipeline under test, at a virtual time, on an empty store in memory. Works with every
 * test runner: problems are thrown.
 *
 * @throws MillraceError what building the pipeline throws; `ARGUMENT_INVALID` when a watched stream
 * is not in the pipeline.
 * @example
 * ```ts
 * const app = await testStream(wordCount)
 * app.input('lines').addFile('a.txt', 'to be or not to be\n')
 * await app.advance(seconds(1))
 * console.log(app.output('print-1').elements)
 * ```
 */
export const testStream = async (
  pipeline: Pipeline,
  options: TestStreamOptions = {},
): Promise<TestStream> => {
  const app = new TestStream(pipeline, options)
  await app.restart()
  return app
}

/**
 * A pipeline under test; made by {@link testStream}.
 *
 * @example
 * ```ts
 * const app = await testStream(pipeline)
 * app.input('clicks').add('a b', 'a')
 * await app.advance(seconds(10))
 * console.log(app.output('print-1').elements, await app.state('totals'))
 * await app.restart()
 * ```
 */
export class TestStream {
  /** All events of the runtime, in order. */
  readonly events: RuntimeEvent[] = []
  /** Attempts at batches that failed, in order. */
  readonly failures: TestFailure[] = []
  readonly #options: TestStreamOptions
  readonly #startMs: number
  readonly #clock: VirtualClock
  readonly #world: TestWorld
  readonly #inputs = new Map<string, TestInput>()
  readonly #outputs = new Map<string, TestOutput>()
  readonly #observation: Observation
  #pipeline: Pipeline
  #image: Image | undefined
  #attempts = 0

  /** @internal Use {@link testStream}. */
  constructor(
    pipeline: Pipeline,
    options: TestStreamOptions,
    store: ItemStore = memoryItemStore(),
  ) {
    const { now = DEFAULT_START, watch = [], whenIdle } = options
    this.#pipeline = pipeline
    this.#options = options
    this.#startMs = now.getTime()
    this.#clock = new VirtualClock(this.#startMs)
    this.#observation = {
      observer: (id, run) => void this.#outputs.get(id)?.runs.push(run),
      watched: watch,
      whenIdle,
    }
    this.#world = {
      store,
      files: memoryFiles(),
      clock: this.#clock,
      randomness: { attemptId: () => `attempt${++this.#attempts}` },
      input: (name, open) => this.#inputOf(name, open),
      listen: (event) => this.#listen(event),
    }
  }

  /** The virtual time, epoch milliseconds. */
  get nowMs(): number {
    return this.#clock.now()
  }

  /**
   * The input of the sources with a name: their name in the pipeline (`'clicks'`,
   * `'localhost:9999'`), or the id of a queueStream.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when there is none.
   */
  input(name: string): TestInput {
    return this.#inputs.get(name) ?? this.#unknown('source', name, this.#inputs.keys())
  }

  /**
   * The batches of an output operation, by its id: `print-1` is the first `print()` of the
   * pipeline.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when there is none.
   */
  output<T = unknown>(id: string): TestOutput<T> {
    const known = [...this.#outputs.keys()].filter(
      (key) => !this.#options.watch?.some((stream) => watchId(stream) === key),
    )
    const output = known.includes(id) ? this.#outputs.get(id) : undefined
    return (output ?? this.#unknown('output', id, known)) as TestOutput<T>
  }

  /**
   * The batches of a watched stream, by its id or the name that `named()` gave it.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when it is not watched.
   */
  stream<T = unknown>(id: string): TestOutput<T> {
    return (this.#outputs.get(watchId(id)) ??
      this.#unknown('watched stream', id, this.#options.watch ?? [])) as TestOutput<T>
  }

  /**
   * Lets time pass. First it delivers the added input. Then it runs each batch that comes due at
   * its time, and retries a failed batch after its pause.
   *
   * @throws MillraceError what an attempt at a batch failed with, unless `failures` is `'record'`;
   * what the driver throws.
   */
  async advance(duration: Duration): Promise<void> {
    const untilMs = this.nowMs + duration.milliseconds
    await this.#deliver()
    for (;;) {
      const atMs = await this.#drive(untilMs)
      if (atMs === undefined || atMs > untilMs) return this.#clock.goTo(untilMs)
      this.#clock.goTo(atMs)
    }
  }

  /**
   * Lets time pass inside of a batch, as slow work would: for functions of the pipeline under test.
   *
   * @example words.foreachRDD(() => app.passTime(seconds(3)))
   */
  passTime(duration: Duration): void {
    this.#clock.goTo(this.nowMs + duration.milliseconds)
  }

  /**
   * Ends the process and starts another one on the same store: the pipeline is built again, and
   * nothing is left in memory. Input that was added but not delivered yet goes to the new process.
   *
   * @throws MillraceError `PLAN_INCOMPATIBLE` when a new pipeline does not fit the stored state;
   * `QUEUE_NOT_RECOVERABLE`.
   */
  async restart({ downFor, pipeline = this.#pipeline }: RestartOptions = {}): Promise<void> {
    if (downFor !== undefined) this.#clock.goTo(this.nowMs + downFor.milliseconds)
    this.#pipeline = pipeline
    this.#image = await startImage(this.#world, pipeline, this.#observation)
    this.#openOutputs(this.#image)
    // The first step makes the head, or finds what is due.
    await this.#drive(this.nowMs)
  }

  /**
   * The state of a stateful stream after the last committed batch, read from the store: pairs of
   * key and state, in the order of keys.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when the stream keeps no state.
   */
  async state<K = unknown, S = unknown>(id: string): Promise<readonly (readonly [K, S])[]> {
    const { plan } = this.#running
    const known = plan.states.filter(({ form }) => form === 'state').map((state) => state.id)
    if (!known.includes(id)) return this.#unknown('stream with state', id, known)
    return readState<K, S>(this.#world.store, plan, (await this.#head()).manifest, id)
  }

  /** The values of the accumulators after the last committed batch, by name, from the store. */
  async accumulators(): Promise<Readonly<Record<string, unknown>>> {
    const { store, clock } = this.#world
    const app = this.#running.plan.name
    return valuesOfStored(
      (await lastManifest({ store, app, clock }, await this.#head())).accumulators,
    )
  }

  /** Whether batches run, the pipeline rests, or a failing batch has stopped it for good. */
  async status(): Promise<HeadStatus> {
    return (await this.#head()).status
  }

  /** Records that were put aside, in the order of their days and positions. */
  async deadLetters(): Promise<readonly TestDeadLetter[]> {
    const range = { fromMs: this.#startMs, toMs: this.nowMs, first: 'oldest' as const }
    const found: TestDeadLetter[] = []
    for await (const letter of readDeadLetters(this.#world.store, this.#running.plan.name, range))
      if (letter.isTrue) found.push(deadLetterOf(letter))
    return found
  }

  /**
   * The written files, as text by path, without `_SUCCESS`. A bucket is a directory:
   * `s3://results/a` is `results/a`.
   */
  get files(): Readonly<Record<string, string>> {
    const parts = [...this.#world.files.files()].filter(([path]) => !path.endsWith('/_SUCCESS'))
    return Object.fromEntries(
      parts.map(([path, bytes]) => [path, Buffer.from(bytes).toString('utf8')]),
    )
  }

  get #running(): Image {
    return this.#image as Image
  }

  async #head(): Promise<Head> {
    return (await new HeadStore(this.#world.store, this.#running.plan.name).read()) as Head
  }

  /**
   * Runs what is due, but begins nothing after a given time: slow batches might never be done.
   * Returns when there is more to do; undefined: only after new input.
   */
  async #drive(untilMs: number): Promise<number | undefined> {
    const seen = this.failures.length
    const outcome = await this.#running.driver.run({ mayGoOn: () => this.nowMs <= untilMs })
    const failure = this.failures[seen]
    if (failure !== undefined && this.#options.failures !== 'record') throw failure.error
    if (outcome.kind === 'retry') return outcome.atMs
    return outcome.kind === 'idle' ? outcome.dueMs : undefined
  }

  /**
   * One millisecond from now. Input at the exact time of a batch that has run, or was skipped at
   * rest, belongs to the next batch.
   */
  async #deliver(): Promise<void> {
    if ([...this.#inputs.values()].some((input) => input.isWaiting))
      this.#clock.goTo(this.nowMs + 1)
    for (const [name, input] of this.#inputs) await input.deliver(this.#image?.fed.get(name) ?? [])
  }

  #inputOf(name: string, open: () => Feed): TestInput {
    const input = this.#inputs.get(name) ?? new TestInput(name, open(), () => this.nowMs)
    this.#inputs.set(name, input)
    return input
  }

  #openOutputs({ plan }: Image): void {
    for (const { id } of plan.outputs)
      if (!this.#outputs.has(id)) this.#outputs.set(id, new TestOutput())
  }

  #listen(event: RuntimeEvent): void {
    this.events.push(event)
    const { plan } = this.#running
    if (event.event === 'batchCompleted')
      for (const { id } of plan.outputs) this.#outputs.get(id)?.commit(event.timeMs, event.attempt)
    if (event.event === 'batchFailed' || event.event === 'failed')
      this.failures.push(failureOf(event, this.events, [...this.#outputs.values()]))
  }

  #unknown(what: string, name: string, known: Iterable<string>): never {
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: `The pipeline has no ${what} of this name`,
      value: name,
      allowed: [...known].join(', ') || 'nothing',
    })
  }
}
