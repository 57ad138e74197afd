/**
 * Resets an application: removes the state of all operators, and skips the logged batch, if any.
 * Everything else stays: records that no batch has taken, the input names of the sources, the time
 * of the first start, ledgers, dead letters, history and outputs.
 *
 * B11: the new manifest names no state, and no process can commit what it built on the old state.
 * So the old state is deleted by name.
 */
import { allOrFirstError } from '../../base/concurrency.ts'
import { laneOffsetsForHead } from '../../state/lane-offsets.ts'
import { emptyManifest, type Manifest, readManifest, stateSegments } from '../../state/manifest.ts'
import { readSegment, type ReadSegment, segmentKeys } from '../../state/segments.ts'
import { loadBatchInput, offsetsAfterBatch } from '../driver/batch-input.ts'
import { lastManifest } from '../driver/last-manifest.ts'
import { sharedNow } from '../store-time.ts'
import { type Operated, readFreeHead, replaceManifest, retryWhileChanged } from './operated.ts'
import { noteSkipped, type SkippedBatch } from './skip.ts'

/** What a reset has done. */
export interface ResetApp {
  /** Batch times continue after this. */
  readonly timeMs: number
  /** The removed state, by operator. */
  readonly states: readonly { readonly id: string; readonly bytes: number }[]
  /** The batch that was logged and is now skipped. Undefined: no batch was logged. */
  readonly skipped: SkippedBatch | undefined
}

/**
 * Resets an application.
 *
 * @throws MillraceError `COMMAND_REFUSED` when nothing has run, or while an attempt holds the
 * lease.
 */
export const reset = async (operated: Operated): Promise<ResetApp> => {
  const { store, app, clock } = operated
  const head = await readFreeHead(operated)
  const { logged } = head
  const [before, input] = await retryWhileChanged(operated, head, async () => [
    await lastManifest(operated, head),
    logged && (await loadBatchInput(store, app, logged.input)),
  ])
  const timeMs = logged?.timeMs ?? head.doneMs
  // The committed epoch of the last batch stays, unless this reset skips a batch.
  const epoch = input === undefined ? before.deadLetterEpoch : head.epoch + 1
  const manifest: Manifest = {
    ...emptyManifest(timeMs),
    offsets: input === undefined ? before.offsets : offsetsAfterBatch(before.offsets, input),
    // Waiting records arrived under these names.
    ...(before.inputs === undefined ? {} : { inputs: before.inputs }),
    ...(epoch === undefined ? {} : { deadLetterEpoch: epoch }),
    // Those of the last batch, if its driver could not publish them.
    ...(before.outputs === undefined ? {} : { outputs: before.outputs }),
    ...(before.deadLettersKeptMs === undefined
      ? {}
      : { deadLettersKeptMs: before.deadLettersKeptMs }),
  }
  const changes = {
    status: 'running' as const,
    doneMs: timeMs,
    offsets: laneOffsetsForHead(store, manifest),
    wakeMs: sharedNow(store, clock),
  }
  await replaceManifest(operated, head, manifest, changes, input)
  await removeStates(operated, before)
  const skipped = logged && input && (await noteSkipped(operated, head, logged, input))
  return { timeMs, states: statesOf(before), skipped }
}

/** The size of states. */
export const statesOf = ({ states }: Pick<Manifest, 'states'>): ResetApp['states'] =>
  Object.entries(states).map(([id, { partitions }]) => ({
    id,
    bytes: partitions.reduce((total, { bytes }) => total + bytes, 0),
  }))

/** Best effort: anything left is garbage that nothing names. `isGone`: default, all states. */
export const removeStates = async (
  { store, app }: Operated,
  before: Manifest,
  isGone: (id: string) => boolean = () => true,
): Promise<void> => {
  try {
    const older = await allOrFirstError(before.previous.map((ref) => readManifest(store, app, ref)))
    const read: ReadSegment = (ref) => readSegment(store, app, ref)
    const gone = [before, ...older].map(({ states }) => ({
      states: Object.fromEntries(Object.entries(states).filter(([id]) => isGone(id))),
    }))
    const segments = await allOrFirstError(gone.map((some) => stateSegments(some, read)))
    const keys = segments.flat().flatMap((ref) => segmentKeys(app, ref))
    if (keys.length > 0) await store.deleteAll(keys)
  } catch {
    // The head no longer names the state, so the reset is complete.
  }
}
