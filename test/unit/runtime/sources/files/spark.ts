/** Spark's FileInputDStream as a plain loop, made from its documented rules and nothing of ours. */

/** A file as a listing shows it. */
export interface ListedFile {
  readonly path: string
  readonly modifiedMs: number
}

/** The settings of a stream. */
export interface SparkSettings {
  /** When the stream was made: `newFilesOnly`. */
  readonly startMs: number
  readonly intervalMs: number
  /** At least this long a file may be late; whole batches. */
  readonly rememberMs: number
}

/** Which files Spark's batches take when they run one after another. */
export class SparkFiles {
  readonly #settings: SparkSettings
  /** The paths that remembered batches have selected, by batch time. */
  #selected: ReadonlyMap<number, ReadonlySet<string>>

  constructor(settings: SparkSettings, selected: ReadonlyMap<number, ReadonlySet<string>>) {
    this.#settings = settings
    this.#selected = selected
  }

  /** The batch at a time, with what the directory holds when it is generated. */
  batch(timeMs: number, listing: readonly ListedFile[]): readonly ListedFile[] {
    const { startMs, rememberMs } = this.#settings
    const threshold = Math.max(startMs, timeMs - rememberMs)
    const isRecent = (path: string): boolean =>
      [...this.#selected.values()].some((paths) => paths.has(path))
    const taken = listing.filter(
      ({ path, modifiedMs }) => modifiedMs > threshold && modifiedMs <= timeMs && !isRecent(path),
    )
    // The batch is completed, and older ones are forgotten.
    this.#selected = new Map(
      [...this.#selected, [timeMs, new Set(taken.map(({ path }) => path))] as const].filter(
        ([selectedMs]) => selectedMs >= timeMs - rememberMs,
      ),
    )
    return taken
  }

  /** All batches after one time, up to another. */
  batches(afterMs: number, untilMs: number, listing: readonly ListedFile[]): readonly ListedFile[] {
    const { intervalMs } = this.#settings
    const taken: ListedFile[] = []
    for (let timeMs = afterMs + intervalMs; timeMs <= untilMs; timeMs += intervalMs)
      for (const file of this.batch(timeMs, listing)) taken.push(file)
    return taken
  }

  copy(): SparkFiles {
    return new SparkFiles(this.#settings, this.#selected)
  }
}
