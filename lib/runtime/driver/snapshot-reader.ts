/**
 * Reads the head with as few calls to the store as possible: with the lanes beside it if a batch is
 * expected, and not at all if it is what this driver has just written. If another process has
 * changed it since, the condition of the next write notices.
 */
import { allOrFirstError } from '../../base/all-or-first-error.ts'
import type { Head } from '../../state/head.ts'
import type { Lane } from '../../state/lanes.ts'
import { withRetries } from '../retry.ts'
import type { Runner } from '../runner.ts'

/** Lanes that were read with the head, by source. */
export type LanesBySource = ReadonlyMap<string, readonly Lane[] | undefined>

/** The head and the lanes at one time. */
export interface Snapshot {
  readonly head: Head | undefined
  /**
   * As old as the head, or older. What was after the head's offset in a lane then is in it, since
   * entries are dropped only when they are consumed. What has come since is left for the next
   * batch.
   */
  readonly lanes: LanesBySource
}

/** Reads the snapshots of one application. */
export class SnapshotReader {
  readonly #runner: Runner
  #written: Head | undefined
  /** The head was running when it was read last. */
  #expectsBatch = false

  constructor(runner: Runner) {
    this.#runner = runner
  }

  /** Notes the head as this driver has just written it. Undefined: what is known may be old. */
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

  /** A source whose lanes cannot be read now is asked again when they are needed. */
  async #lanes(): Promise<LanesBySource> {
    const read = [...this.#runner.sources].map(
      async ([id, source]) => [id, await source.lanes?.().catch(() => undefined)] as const,
    )
    return new Map(await allOrFirstError(read))
  }
}
