/** Reads one partition of a keyed state as a manifest names it, and nothing else of the state. */
import { formOf, type ShownState } from '../../dstream/timeout-layout.ts'
import { LiveState } from '../../state/live-state.ts'
import { type Manifest, shapeOfStored, type StoredState } from '../../state/manifest.ts'
import type { KeyedState } from '../../state/operator/keyed-state.ts'
import { EMPTY_PARTITION } from '../../state/stored-list.ts'
import type { ReadSegment } from '../../state/segments.ts'

/** A key with its state. */
export interface StateEntry extends ShownState {
  readonly key: unknown
  /**
   * The key ends in the first batch after this time, if no record comes for it. Epoch milliseconds.
   * Undefined: it does not end.
   */
  readonly expiresMs?: number | undefined
}

/** One partition in memory. */
export interface ReadPartition {
  readonly size: number
  /** Undefined: the key has no state. */
  get(key: unknown): StateEntry | undefined
  /** In the order of keys. States are fresh copies. */
  entries(): Iterable<StateEntry>
}

/** Reads a partition. The other partitions are taken as empty. */
export const readPartition = async (
  manifest: Manifest,
  { id, stored }: { readonly id: string; readonly stored: StoredState },
  part: number,
  read: ReadSegment,
): Promise<ReadPartition> => {
  const layout = {
    states: [{ ...shapeOfStored(id, stored), isDivisible: false }],
    operators: [],
  }
  const partitions = stored.partitions.map((one, at) => (at === part ? one : EMPTY_PARTITION))
  const only = { ...manifest, states: { [id]: { ...stored, partitions } } }
  const live = await LiveState.load(layout, only, read)
  const states: KeyedState<unknown, unknown> = live.draft(manifest.timeMs).state(id, part)
  const form = formOf(stored.layout)
  const idleMs = manifest.timers[id]?.idleMs
  const entryOf = (key: unknown, value: unknown): StateEntry => {
    const shown = form.show(value)
    const { touchedMs } = shown
    const isEnding = touchedMs !== undefined && idleMs !== undefined
    return { key, ...shown, expiresMs: isEnding ? touchedMs + idleMs : undefined }
  }
  return {
    size: live.keysOf(id),
    get: (key) => (states.has(key) ? entryOf(key, states.get(key)) : undefined),
    *entries() {
      for (const [key, value] of states.entries()) yield entryOf(key, value)
    },
  }
}
