/**
 * Lets old lanes leave (see `sources/lanes/leaving.ts`), after a cold start and once a day, and
 * leaves them out of the offsets. Only for the holder of the lease.
 */
import { isMillraceError } from '../../base/errors.ts'
import type { Head } from '../../state/head.ts'
import { startOfDay } from '../../state/item-keys.ts'
import type { Manifest } from '../../state/manifest.ts'
import type { LaneOffsets } from '../../state/offsets.ts'
import { consumedMsFor } from '../../state/snapshots.ts'
import type { Runner } from '../runner.ts'
import type { WholeInput } from '../sources/redriven.ts'
import type { BatchInput } from './batch-input.ts'

/** After these errors, lanes may leave on another day. */
const CAN_WAIT: ReadonlySet<string> = new Set(['STORE_FAILED', 'ACCESS_DENIED'])

/** The lanes that have left, as one driver knows them. */
export class LeftLanes {
  readonly #left = new Map<string, LaneOffsets>()
  #dayMs = -1

  /** Best effort. `head` took the lease, and `manifest` is the last one. */
  async collect(
    { sources, clock, plan }: Pick<Runner, 'sources' | 'clock' | 'plan'>,
    { owner }: Pick<Head, 'owner'>,
    manifest: Manifest,
  ): Promise<void> {
    const { offsets, timeMs } = manifest
    const nowMs = clock.now()
    const dayMs = startOfDay(nowMs)
    if (dayMs === this.#dayMs || owner === undefined) return
    const { deadLettersKeptMs } = plan.options
    try {
      for (const [id, source] of sources) {
        const request = {
          offsets: offsets[id] ?? {},
          doneMs: timeMs,
          nowMs,
          by: owner,
          deadLettersKeptMs,
          consumedMs: consumedMsFor(manifest) ?? -Infinity,
        }
        this.#left.set(id, (await source.leave?.(request)) ?? {})
      }
      this.#dayMs = dayMs
    } catch (error) {
      if (!(isMillraceError(error) && CAN_WAIT.has(error.code))) throw error
    }
  }

  /** An input whose offsets leave out lanes that have left, if these are still the same. */
  without(input: BatchInput): BatchInput {
    const all = Object.entries(input.sources).map(([id, one]) => [id, this.#inputWithout(id, one)])
    return { ...input, sources: Object.fromEntries(all) as BatchInput['sources'] }
  }

  #inputWithout(source: string, input: WholeInput): WholeInput {
    const left = this.#left.get(source) ?? {}
    const { lanes } = input.offsets
    if (lanes === undefined || Object.keys(left).length === 0) return input
    const kept = Object.entries(lanes).filter(([lane, offset]) => left[lane] !== offset)
    return { ...input, offsets: { ...input.offsets, lanes: Object.fromEntries(kept) } }
  }
}
