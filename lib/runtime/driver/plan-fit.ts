/**
 * Whether a plan fits what is stored: its state, its sources, and what waits for them. Reads only.
 * An adoption asks before it changes anything (B10), a local run before it opens its receivers, and
 * `millrace check` before a deployment.
 */
import { MillraceError } from '../../base/errors.ts'
import { elementsOf, inputsOf, type Plan } from '../../dstream/plan.ts'
import { elementConflicts, inputConflicts } from '../../dstream/source-conflicts.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import type { StoredAccumulators } from '../../rdd/adds/accumulator-set.ts'
import type { Head } from '../../state/head.ts'
import { laneOffsetsIn } from '../../state/lane-offsets.ts'
import { emptyManifest, type Manifest, readManifest, shapeOfStored } from '../../state/manifest.ts'
import { type StateFit, stateFit } from '../../state/operator/state-declaration.ts'
import { sourcesWithLanes } from '../../state/lane-partitions.ts'
import { waitingLanes } from '../../state/waiting-records.ts'
import { nounsOfInput } from '../sources/source-kind.ts'
import type { SourceReader } from '../sources/source-reader.ts'
import { loadBatchInput } from './batch-input.ts'

/** A plan, and the store that it would go on with. */
export interface PlanFitParts {
  readonly store: ItemStore
  readonly app: string
  readonly plan: Plan
  /** The readers of the sources, by their ids. Left out: it is unknown what they are bound to. */
  readonly sources?: ReadonlyMap<string, Pick<SourceReader, 'kind' | 'parts' | 'reads'>>
}

/**
 * What waits for a source and is read by nobody. If the plan has the source, with another binding,
 * it waits until the earlier binding is back. If not, nothing would ever read it.
 */
export interface UnreadSource {
  readonly source: string
  /** Number of records and notifications. */
  readonly count: number
  /** Whether the plan has the source, bound to something else. */
  readonly isBound: boolean
}

/** Whether a plan fits, in words. */
export interface PlanFit extends StateFit {
  /** What waits until sources have their earlier binding again. */
  readonly left: readonly string[]
}

/** Asks whether the plan fits what is stored. */
export const planFit = async (parts: PlanFitParts, head: Head): Promise<PlanFit> => {
  const { store, app, plan } = parts
  const manifest =
    head.manifest === undefined
      ? emptyManifest(head.zeroMs)
      : { ...(await readManifest(store, app, head.manifest)), ...head.afterCommit }
  const states = stateFitOf(plan, manifest)
  const unread = await unreadSources(parts, manifest)
  return {
    left: unread.filter(({ isBound }) => isBound).map(leftText),
    carriedOver: states.carriedOver,
    conflicts: [
      ...states.conflicts,
      ...inputConflicts(manifest.inputs ?? {}, inputsOf(plan)),
      ...elementConflicts(manifest.elements ?? {}, elementsOf(plan)),
      ...accumulatorConflicts(manifest.accumulators ?? {}, plan.accumulators?.kinds ?? {}),
      ...(await loggedConflicts(parts, head)),
      ...unread.filter(({ isBound }) => !isBound).map(unreadText),
    ],
  }
}

/** Finds accumulators whose values would be read as something else. */
const accumulatorConflicts = (
  stored: StoredAccumulators,
  kinds: Readonly<Record<string, string>>,
): readonly string[] =>
  Object.entries(kinds).flatMap(([name, kind]) => {
    const before = stored[name]?.kind ?? kind
    if (before === kind) return []
    return [`the accumulator "${name}" is of the kind ${before} in the store, and ${kind} now`]
  })

/** Whether the plan can read the states that a manifest names. */
export const stateFitOf = ({ states }: Plan, manifest: Manifest): StateFit =>
  stateFit(
    Object.entries(manifest.states).map(([id, stored]) => shapeOfStored(id, stored)),
    states,
    manifest.timeMs,
  )

/** A logged batch keeps its input (B2), so its sources must be there, and of the same kind. */
const loggedConflicts = async (
  { store, app, plan, sources }: PlanFitParts,
  { logged }: Head,
): Promise<readonly string[]> => {
  if (logged === undefined) return []
  const input = await loadBatchInput(store, app, logged.input)
  const known = new Set(plan.sources.map(({ id }) => id))
  return Object.entries(input.sources).flatMap(([id, { kind: then }]) => {
    const reads = `a batch is logged that reads the source "${id}"`
    if (!known.has(id)) return [`${reads}, which is not in the pipeline`]
    const now = sources?.get(id)?.kind ?? then
    if (now === then) return []
    return [`${reads} from ${nounsOfInput(then)}, and it is now ${nounsOfInput(now)}`]
  })
}

const unreadSources = async (
  { store, app, plan, sources }: PlanFitParts,
  manifest: Manifest,
): Promise<readonly UnreadSource[]> => {
  const offsets = laneOffsetsIn(manifest.offsets)
  const known = new Set(plan.sources.map(({ id }) => id))
  const ids = new Set([...(await sourcesWithLanes(store, app)), ...Object.keys(manifest.offsets)])
  const found: UnreadSource[] = []
  for (const source of [...ids].toSorted()) {
    const isBound = known.has(source)
    const reader = sources?.get(source)
    // What the plan has is read, unless it is known to be bound to something else.
    if (isBound && reader === undefined) continue
    const lanes = await waitingLanes(store, app, source, offsets)
    const waiting = lanes.filter(({ lane }) => reader?.reads?.(lane.lane) !== true)
    const pending = reader?.parts.includes('listing')
      ? []
      : (manifest.offsets[source]?.listing?.pending ?? [])
    const count = waiting.reduce((total, lane) => total + lane.count, pending.length)
    if (count > 0) found.push({ source, count, isBound })
  }
  return found
}

const unreadText = ({ source, count }: UnreadSource): string =>
  `the source "${source}" is not in the pipeline, and ` +
  `${count} ${count === 1 ? 'record of it waits' : 'records of it wait'}`

const leftText = ({ source, count }: UnreadSource): string =>
  `${count} ${count === 1 ? 'record' : 'records'} that ${source} received earlier are not ` +
  'counted yet. They wait until the source has its earlier binding again. To give them up: ' +
  `millrace skip --source ${source}`

/** The error for a plan that does not fit. */
export const planError = (
  app: string,
  plan: Pick<Plan, 'hash'>,
  head: Head,
  conflicts: readonly string[],
): MillraceError =>
  new MillraceError('PLAN_INCOMPATIBLE', {
    problem:
      `The store of "${app}" was written by another plan, and does not fit this one: ` +
      conflicts.join('; '),
    value: `plan ${plan.hash}; the store has plan ${head.plan}`,
    allowed:
      'new sources, states and outputs, changed functions, a timeout of mapWithState() that ' +
      'comes or goes, and other partitions of keyed state. Everything else that is stored must ' +
      'keep its name, operator and layout',
    fix:
      "keep the names of states and sources: .named('NAME IN THE STORE'). To give up what waits " +
      'for a source: millrace skip --source ID. To begin one state anew: millrace reset --only ID',
  })
