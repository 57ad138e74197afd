/**
 * Reads the head with as few calls to the store as possible. If a batch is expected, the lanes are
 * read at the same time. If this driver has just written the head, it is not read at all: if
 * another process has changed it since, the condition of the next write notices.
 */
import { allOrFirstError } from '../../base/concurrency.ts'
import type { Head } from '../../state/head.ts'
import type { Lane } from '../../state/lanes.ts'
import { withRetries } from '../retry.ts'
import type { Runner } from '../runner.ts'

/** Lanes that were read together with the head, by source. */
export type LanesBySource = ReadonlyMap<string, readonly Lane[] | undefined>

/** The head and the lanes, read at the same time. */
export interface Snapshot {
  readonly head: Head | undefined
  /**
   * The lanes contain every entry that was after the offsets of the head when they were read, since
   * only consumed entries are dropped. Later entries are left for the next batch.
   */
  readonly lanes: LanesBySource
}

/** Reads the snapshots of one application. */
export class SnapshotReader {
  readonly #runner: Runner
  #written: Head | undefined
  /** Whether the head was running when it was last read. */
  #expectsBatch = false

  constructor(runner: Runner) {
    this.#runner = runner
  }

  /**
   * Notes the head that this driver has just written. Undefined: the next snapshot must read it.
   */
  wrote(head: Head | undefined): void {
    this.#written = head
  }

  async read(): Promise<Snapshot> {
    const { clock, heads } = this.#runner
    const written = this.#written
    this.#written = undefined
    if (written !== undefined) return { head: written, lanes: new Map() }
    const lanesToo = this.#expectsBatch ? this.#lanes() : Promise.resolve<LanesBySource>(new Map())
    const [head, lanes] = await allOrFirstError([withRetries(clock, () => heads.read()), lanesToo])
    this.#expectsBatch = head?.status === 'running'
    return { head, lanes }
  }

  /** If the lanes of a source cannot be read now, they are read again when they are needed. */
  async #lanes(): Promise<LanesBySource> {
    const read = [...this.#runner.sources].map(
      async ([id, source]) => [id, await source.lanes?.().catch(() => undefined)] as const,
    )
    return new Map(await allOrFirstError(read))
  }
}
