/**
 * Looking at the head in as few exchanges with the store as may be: with the lanes beside it when a batch is expected, and not at all where it
 * is what was just written. Whoever has changed it since is met by the condition of the next write.
 */
import { allOrFirstError } from '../../base/all-or-first-error.ts'
import type { Head } from '../../state/head.ts'
import type { Lane } from '../../state/lanes.ts'
import type { Runner } from '../runner.ts'
import { settle } from '../retry.ts'

/** Lanes that were read along with the head, by source. */
export type LanesBySource = ReadonlyMap<string, readonly Lane[] | undefined>

/** What a look has shown. */
export interface HeadSight {
  readonly head: Head | undefined
  /**
   * As old as the head, or older: what was behind the head's cut in a lane then is in it, since entries are dropped only when they are
   * consumed. What has come since is left for the next batch.
   */
  readonly lanes: LanesBySource
}

/** Reads the head of one application. */
export class HeadReader {
  readonly #runner: Runner
  #written: Head | undefined
  /** The head was running when it was seen last. */
  #expectsBatch = false

  constructor(runner: Runner) {
    this.#runner = runner
  }

  /** Notes the head as this runner has just written it; undefined: whatever is known of it may be old. */
  wrote(head: Head | undefined): void {
    this.#written = head
  }

  async look(): Promise<HeadSight> {
    const { clock, heads } = this.#runner
    const written = this.#written
    this.#written = undefined
    if (written !== undefined) return { head: written, lanes: new Map() }
    const lanesToo = this.#expectsBatch ? this.#lanes() : Promise.resolve<LanesBySource>(new Map())
    const [head, lanes] = await allOrFirstError([settle(clock, () => heads.read()), lanesToo])
    this.#expectsBatch = head?.status === 'running'
    return { head, lanes }
  }

  /** A source whose lanes cannot be read now is asked again when they are needed, and then says why. */
  async #lanes(): Promise<LanesBySource> {
    const read = [...this.#runner.sources].map(
      async ([id, source]) => [id, await source.lanes?.().catch(() => undefined)] as const,
    )
    return new Map(await allOrFirstError(read))
  }
}
