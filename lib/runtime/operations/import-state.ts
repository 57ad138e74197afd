/**
 * Replaces the state of one operator, or adds to it, while no batch runs. The new state is in a new
 * manifest; all other states, offsets and the logged batch stay. One conditional write of the head
 * makes it true.
 *
 * B11: earlier manifests stay kept, so whoever reads one finds all of it. Segments are named after
 * the last batch time: a sweep of a process that is late takes only earlier ones.
 */
import { mapAtOnce } from '../../base/concurrency.ts'
import { partitionOf } from '../../base/keys.ts'
import { formOf } from '../../dstream/timeout-layout.ts'
import { LiveState } from '../../state/live-state.ts'
import { type Manifest, shapeOfStored, type StoredState } from '../../state/manifest.ts'
import { panesId } from '../../state/operator/state-declaration.ts'
import { EMPTY_PARTITION } from '../../state/stored-list.ts'
import { putSegment, readSegment } from '../../state/segments.ts'
import { lastManifest, manifestsToKeep } from '../driver/last-manifest.ts'
import { withRetries } from '../retry.ts'
import { keyedState } from '../state/known-states.ts'
import type { StateEntry } from '../state/state-partition-reader.ts'
import {
  keepingAll,
  type Operated,
  readFreeHead,
  refusal,
  replaceManifest,
  retryWhileChanged,
} from './operated.ts'

/** The state to write. */
export interface Import {
  readonly id: string
  /** Of entries with the same key, the last one counts. */
  readonly entries: readonly StateEntry[]
  /** Keep the states of all other keys. Otherwise they are removed. */
  readonly merge: boolean
  /** Refuse if the last batch is not this one: the entries come from its state. Default: any. */
  readonly ifBatchMs?: number
}

/** What an import has done. */
export interface ImportedState {
  readonly id: string
  /** The last batch. The next one starts from the imported state. */
  readonly batchMs: number
  readonly keysBefore: number
  readonly keys: number
}

const SEGMENTS_AT_ONCE = 8

/**
 * Writes the state of an operator.
 *
 * @throws MillraceError `STATE_UNKNOWN`; `COMMAND_REFUSED` when nothing has run, while an attempt
 * holds the lease, after another batch than `ifBatchMs`, or for the state of a window;
 * `VALUE_UNSUPPORTED`.
 */
export const importState = async (operated: Operated, given: Import): Promise<ImportedState> => {
  const { store, app, clock, randomness } = operated
  const { id, merge } = given
  const head = await readFreeHead(operated)
  const [before, live, keysBefore] = await retryWhileChanged(operated, head, async () => {
    const manifest = await lastManifest(operated, head)
    const old = await loadOne(operated, manifest, stateToImport(manifest, id))
    const base = merge
      ? old
      : await loadOne(operated, manifest, { id, stored: baseOf(manifest, given) })
    return [manifest, base, old.keysOf(id)] as const
  })
  checkBatch(before, given)
  const stored = keyedState(before, id)
  const drafts = live.draft(head.doneMs + 1)
  for (const entry of given.entries)
    drafts
      .state(id, partitionOf(entry.key, stored.partitions.length))
      .put(entry.key, formOf(stored.layout).store(entry, before.timeMs))
  const flushed = drafts.flush(store, app, randomness.attemptId())
  await mapAtOnce(flushed.segments, SEGMENTS_AT_ONCE, (segment) =>
    withRetries(clock, () => putSegment(store, segment)),
  )
  drafts.publish()
  const manifest: Manifest = {
    ...before,
    states: { ...before.states, ...flushed.states },
    // From now on the operator has begun: no initial state replaces what was imported.
    timers: { ...before.timers, [id]: { firedMs: before.timeMs, ...before.timers[id] } },
    quietSinceMs: undefined,
    previous: manifestsToKeep(before, head.manifest),
  }
  await replaceManifest(operated, head, manifest, keepingAll(operated, head), undefined)
  return { id, batchMs: before.timeMs, keysBefore, keys: live.keysOf(id) }
}

/** What batches have done since the state was exported would be lost. */
const checkBatch = ({ timeMs }: Manifest, { ifBatchMs }: Import): void => {
  if (ifBatchMs === undefined || ifBatchMs === timeMs) return
  throw refusal(
    'Batches have run since the state was read',
    `the last batch is ${timeMs}`,
    String(ifBatchMs),
    'export the state again, change it, and import it',
  )
}

interface OneState {
  readonly id: string
  readonly stored: StoredState
}

const stateToImport = (manifest: Manifest, id: string): OneState => {
  const stored = keyedState(manifest, id)
  if (!Object.hasOwn(manifest.states, panesId(id))) return { id, stored }
  throw refusal(
    'The state of a window follows from the batches in it, and cannot be replaced alone',
    id,
    'a state of updateStateByKey or mapWithState',
    `let the window begin anew: millrace reset --only ${id} --yes`,
  )
}

/** The state to which the entries are added. */
const baseOf = (manifest: Manifest, { id, merge }: Import): StoredState => {
  const stored = keyedState(manifest, id)
  return merge ? stored : { ...stored, partitions: stored.partitions.map(() => EMPTY_PARTITION) }
}

const loadOne = async (
  { store, app, clock }: Operated,
  manifest: Manifest,
  { id, stored }: OneState,
): Promise<LiveState> =>
  LiveState.load(
    { states: [{ ...shapeOfStored(id, stored), isDivisible: false }], operators: [] },
    { ...manifest, states: { [id]: stored } },
    (ref) => withRetries(clock, () => readSegment(store, app, ref)),
  )
