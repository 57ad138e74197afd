import type { Plan } from '../../../dstream/plan.ts'
import type { BatchInput } from '../../../runtime/driver/batch-input.ts'
import type { FilesInput } from '../../../runtime/sources/files/reader.ts'
import type { Head } from '../../../state/head.ts'
import type { ArrivedFile, SimulatedDirectory } from '../cloud/directory.ts'
import type { Truth } from '../truth.ts'
import type { World } from '../world.ts'
import { isFiles } from './inputs.ts'
import type { Violations } from './violations.ts'

/** Processes differ by less in what they think is now. */
const SKEW_MS = 10_000
/** A file that arrives with an older time may be too late for Spark's batches. */
const LATE_MS = 10_000

/**
 * The files that batches take from directories. A file is taken when Spark's batches would take it,
 * had they run one after another: each once, never before its time, and whatever arrives in time.
 */
export class FileChecker {
  readonly #truth: Truth
  readonly #violations: Violations
  readonly #plan: Plan
  readonly #world: Pick<World, 'setBackMs' | 'sinceSetBackMs' | 'clockMs'>
  readonly #taken = new Set<string>()
  /** When a path was last taken: the first batch time that its batch stood for. */
  readonly #paths = new Map<string, number>()
  /** The batch time before the logged batch. */
  #doneMs = 0
  #first: BatchInput | undefined
  /** Whether the logged batch looked while the clock was behind what it once showed. */
  #isLoggedBehind = false
  /** Whether a committed one did. Then the rule of time has followed the clock back. */
  #hasLookedBehind = false

  constructor(
    truth: Truth,
    violations: Violations,
    plan: Plan,
    world: Pick<World, 'setBackMs' | 'sinceSetBackMs' | 'clockMs'>,
  ) {
    this.#world = world
    this.#truth = truth
    this.#violations = violations
    this.#plan = plan
  }

  /** A batch is logged for the first time. */
  logged(batch: BatchInput, { doneMs, startedMs }: Head): void {
    this.#first = batch
    this.#doneMs = doneMs
    const { setBackMs, sinceSetBackMs } = this.#world
    this.#isLoggedBehind = setBackMs > 0 && sinceSetBackMs < setBackMs
    for (const [source, directory, input] of this.#directoriesOf(batch))
      for (const { key, modifiedMs } of input.taken) {
        const expect = this.#violations.expect.bind(this.#violations)
        const what = `the batch at ${batch.timeMs} takes ${key} of ${modifiedMs}`
        const isThere = directory.find(key, modifiedMs) !== undefined
        expect('totals', isThere, () => `${what}, which never arrived`)
        expect('totals', modifiedMs <= batch.timeMs, () => `${what}, before its time`)
        const isNew = modifiedMs > startedMs - SKEW_MS - this.#world.setBackMs
        expect('totals', isNew, () => `${what}, which existed before the start`)
        const before = this.#paths.get(`${source}\n${key}`)
        const isFree = before === undefined || before < batch.timeMs - this.#ignoredMs(source)
        expect('totals', isFree, () => `${what}, whose path is remembered`)
      }
  }

  /** A batch is committed or skipped: its files count as taken. */
  committed(batch: BatchInput): void {
    if (this.#isLoggedBehind) this.#hasLookedBehind = true
    for (const [source, directory, input] of this.#directoriesOf(batch)) {
      for (const { key, modifiedMs } of input.taken) {
        const name = `${source}\n${key}\n${modifiedMs}`
        const isOnce = !this.#taken.has(name)
        this.#violations.expect('totals', isOnce, () => `${key} is taken again`)
        this.#taken.add(name)
        this.#paths.set(`${source}\n${key}`, this.#doneMs + this.#plan.options.intervalMs)
      }
      const logged = this.#first?.sources[source]
      for (const { key, modifiedMs } of logged !== undefined && isFiles(logged) ? logged.taken : [])
        this.#violations.expect(
          'B7',
          this.#taken.has(`${source}\n${key}\n${modifiedMs}`) ||
            directory.find(key, modifiedMs)?.hidden !== false,
          () => `the batch at ${batch.timeMs} goes on without ${key}, which could be read`,
        )
    }
  }

  /** The files that any run of Spark's batches takes, and that are in no batch yet. */
  missed(startedMs: number): readonly string[] {
    const isSetBack = this.#world.setBackMs > 0
    return [...this.#truth.sourceNames].flatMap(([source, name]) =>
      (this.#truth.directories.get(name)?.files ?? [])
        .filter((file) => isSure(file, startedMs))
        // A file from the future waits for its time, or was judged before the clock was set back.
        .filter(
          ({ modifiedMs, arrivedMs }) =>
            !isSetBack || (modifiedMs <= arrivedMs && modifiedMs <= this.#world.clockMs),
        )
        .filter(({ modifiedMs }) => !this.#isUnseen(modifiedMs))
        .filter(({ key, modifiedMs }) => !this.#taken.has(`${source}\n${key}\n${modifiedMs}`))
        .map(({ key, modifiedMs }) => `${key} of ${modifiedMs}`),
    )
  }

  /**
   * Whether a file may have come while the clock was behind and no batch looked. When the clock has
   * caught up, nothing tells that it was ever set back, and such a file looks old.
   */
  #isUnseen(modifiedMs: number): boolean {
    const { setBackMs, sinceSetBackMs, clockMs } = this.#world
    if (setBackMs === 0 || this.#hasLookedBehind) return false
    return modifiedMs <= clockMs - sinceSetBackMs + setBackMs
  }

  #directoriesOf({
    sources,
  }: BatchInput): readonly (readonly [string, SimulatedDirectory, FilesInput])[] {
    return Object.entries(sources).flatMap(([source, input]) => {
      const directory = this.#truth.directories.get(this.#truth.sourceNames.get(source) ?? '')
      return directory !== undefined && isFiles(input) ? [[source, directory, input] as const] : []
    })
  }

  #ignoredMs(source: string): number {
    const declared = this.#plan.sources.find(({ id }) => id === source)?.node.source
    return declared?.files?.ignoredMs ?? 0
  }
}

/**
 * Whether a file is taken in any case: it was new and in time, nothing was under its path before,
 * and nothing took its place.
 */
const isSure = (
  { modifiedMs, arrivedMs, isOver, hidden }: ArrivedFile,
  startedMs: number,
): boolean => !isOver && !hidden && modifiedMs > startedMs && modifiedMs >= arrivedMs - LATE_MS
