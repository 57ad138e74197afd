/**
 * Broadcast values: which version a batch uses, and that version in this process.
 *
 * - Before a batch is logged, its driver looks for newer versions of what is due by batch times. A
 *   new version is written as a segment that nothing names yet; the logged input names it (B2, B5).
 * - Every process that runs functions of the batch reads the versions that the input names, and
 *   keeps each until another one comes.
 */
import { crc32 } from 'node:zlib'
import { decode, encode } from '../base/codec.ts'
import { allOrFirstError } from '../base/concurrency.ts'
import { asMillraceError, MillraceError } from '../base/errors.ts'
import type { Plan } from '../dstream/plan.ts'
import type { DeclaredBroadcast } from '../dstream/shared/broadcast-set.ts'
import {
  BROADCAST_NODE,
  type BroadcastVersion,
  type BroadcastVersions,
  segmentOfVersion,
} from '../state/broadcasts.ts'
import { sortableTime } from '../state/item-keys.ts'
import { packRef, readSegment, segmentId, writeSegment } from '../state/segments.ts'
import { withRetries } from './retry.ts'
import type { Runner } from './runner.ts'

const BYTES_MAX = 8 * 1024 * 1024

/** What looks for versions. */
export type Refreshing = Pick<Runner, 'plan' | 'store' | 'app' | 'clock' | 'randomness' | 'listen'>

/**
 * The versions that a batch uses. Undefined: the plan has no such values.
 *
 * @throws MillraceError `BROADCAST_FAILED` when there is no version yet, and none can be had.
 */
export const refreshBroadcasts = async (
  runner: Refreshing,
  timeMs: number,
  before: BroadcastVersions = {},
): Promise<BroadcastVersions | undefined> => {
  const { broadcasts } = runner.plan
  if (broadcasts === undefined) return undefined
  const versions = broadcasts.all.map(
    async (one) => [one.name, await versionOf(runner, one, before[one.name], timeMs)] as const,
  )
  return Object.fromEntries(await allOrFirstError(versions))
}

const versionOf = async (
  runner: Refreshing,
  declared: DeclaredBroadcast,
  before: BroadcastVersion | undefined,
  timeMs: number,
): Promise<BroadcastVersion> => {
  const { name, everyMs } = declared
  if (before !== undefined && timeMs - before.checkedMs < everyMs) return before
  try {
    return await newestVersion(runner, declared, before, timeMs)
  } catch (error) {
    const problem = `The broadcast value "${name}" could not be loaded`
    if (before === undefined)
      throw new MillraceError('BROADCAST_FAILED', { problem, retryable: true, cause: error })
    const { message } = asMillraceError(error, 'BROADCAST_FAILED', { problem })
    const since = new Date(before.loadedMs).toISOString()
    runner.listen({
      event: 'warning',
      code: 'BROADCAST_STALE',
      message: `${problem}. Batches go on with the version of ${since}: ${message}`,
    })
    return before
  }
}

const newestVersion = async (
  { store, app, clock, randomness }: Refreshing,
  { name, load, version: nameVersion }: DeclaredBroadcast,
  before: BroadcastVersion | undefined,
  timeMs: number,
): Promise<BroadcastVersion> => {
  const version = nameVersion === undefined ? undefined : String(await nameVersion())
  if (before !== undefined && version !== undefined && version === before.version)
    return { ...before, checkedMs: timeMs }
  const bytes = encode(await load())
  if (bytes.byteLength > BYTES_MAX)
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: `The broadcast value "${name}" takes ${bytes.byteLength} bytes`,
      allowed: `at most ${BYTES_MAX} bytes`,
    })
  const named = version === undefined ? {} : { version }
  const segment = {
    node: BROADCAST_NODE,
    part: 0,
    at: sortableTime(timeMs),
    by: randomness.attemptId(),
  }
  if (before !== undefined && (await isSame(store, app, before, bytes)))
    return { ...before, ...named, checkedMs: timeMs }
  const ref = await withRetries(clock, () => writeSegment(store, app, segment, bytes))
  return { ref: packRef(ref), loadedMs: timeMs, checkedMs: timeMs, ...named }
}

/** By size and checksum first, so that most others are told apart without a read. */
const isSame = async (
  store: Runner['store'],
  app: string,
  before: BroadcastVersion,
  bytes: Uint8Array,
): Promise<boolean> => {
  const ref = segmentOfVersion(before)
  if (ref.bytes !== bytes.byteLength || ref.checksum !== crc32(bytes)) return false
  return Buffer.compare(await readSegment(store, app, ref), bytes) === 0
}

/** Makes functions of this process see the versions that a batch uses. */
export const useBroadcasts = async (
  {
    plan: { broadcasts },
    store,
    app,
    clock,
  }: Pick<Runner, 'store' | 'app' | 'clock'> & {
    readonly plan: Pick<Plan, 'broadcasts'>
  },
  versions: BroadcastVersions = {},
): Promise<void> => {
  if (broadcasts === undefined) return
  for (const { name } of broadcasts.all) {
    const version = versions[name]
    if (version === undefined) continue
    const ref = segmentOfVersion(version)
    const key = segmentId(ref)
    if (broadcasts.holds(name, key)) continue
    const bytes = await withRetries(clock, () => readSegment(store, app, ref))
    broadcasts.hold(name, { key, value: frozen(decode(bytes)) })
  }
}

/** A function that changes a value would make later batches differ between processes. */
const frozen = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  for (const inner of Object.values(value)) frozen(inner)
  if (value instanceof Map) for (const inner of [...value.keys(), ...value.values()]) frozen(inner)
  if (value instanceof Set) for (const inner of value) frozen(inner)
  return Object.freeze(value)
}
