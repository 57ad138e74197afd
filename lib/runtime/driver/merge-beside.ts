/**
 * After each commit, the large merges that run beside batches write a slice each. It is waited for
 * before the next batch, since a function that has answered stands still (B11: what it would write
 * hours later, nobody expects). Best effort: a merge whose slice cannot be written is given up.
 */
import { mapAtOnce } from '../../base/concurrency.ts'
import { isMillraceError } from '../../base/errors.ts'
import type { LiveState } from '../../state/live-state.ts'
import { nameSegment, putSegment } from '../../state/segments.ts'
import type { StatePartition } from '../../state/state-partition.ts'
import { withRetries } from '../retry.ts'
import type { Runner } from '../runner.ts'

/** So many merges write after one batch. The others wait for these. */
const MERGES_AT_ONCE = 4

/** Writes a slice of each merge that runs. No manifest names it yet (B5). */
export const mergeBeside = async (
  runner: Pick<Runner, 'store' | 'app' | 'clock'>,
  state: LiveState,
): Promise<void> => {
  const running = [...state.partitions].flatMap(([node, partitions]) =>
    partitions.flatMap((partition, part) =>
      partition?.log.runningMerge === undefined ? [] : [{ node, part, partition }],
    ),
  )
  await mapAtOnce(running.slice(0, MERGES_AT_ONCE), MERGES_AT_ONCE, async (one) =>
    writeSlice(runner, one),
  )
}

interface Running {
  readonly node: string
  readonly part: number
  readonly partition: StatePartition
}

const writeSlice = async (
  { store, app, clock }: Pick<Runner, 'store' | 'app' | 'clock'>,
  { node, part, partition }: Running,
): Promise<void> => {
  const merge = partition.log.runningMerge
  const next = merge && partition.nextSlice(merge)
  if (merge === undefined || next === undefined) return
  const named = nameSegment(store, app, { node, part, ...next.slice.name }, next.bytes)
  try {
    await withRetries(clock, () => putSegment(store, named))
    merge.wrote(named.ref)
  } catch (error) {
    merge.lose()
    if (!isMillraceError(error)) throw error
  }
}
