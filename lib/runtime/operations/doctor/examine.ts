/**
 * Reads what the doctor looks at: what runs now, and the history of the deployment that runs. What
 * an earlier deployment did says nothing of the settings of this one. Changes nothing.
 */
import type { PlanOptions } from '../../../dstream/plan.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { ItemStore } from '../../../ports/item-store.ts'
import type { BatchRecord } from '../../../state/history/batch-record.ts'
import { historyPages } from '../../../state/history/read-history.ts'
import { sourceKinds } from '../../sources/source-kind.ts'
import type { SourcePorts } from '../../sources/source-ports.ts'
import { BillSum, type Standing } from '../bill.ts'
import { countDeadLetters } from '../dead-letters-overview.ts'
import { type LaneOverview, readPresent } from '../status.ts'
import { intervalIn } from './figures.ts'
import type { Examined } from './finding.ts'

/** More batches say no more. */
const RECORDS_MAX = 5_000

/** What to examine. */
export interface Examination {
  readonly store: ItemStore
  readonly app: string
  readonly clock: Pick<Clock, 'now'>
  readonly target: string
  readonly isDeployed: boolean
  /** Only batches from this time on. */
  readonly fromMs: number
  readonly toMs: number
  /** Left out: it is worked out from the batches. */
  readonly intervalMs?: number
  readonly options?: PlanOptions
  /** What the application has whether records come or not, for its bill. */
  readonly standing?: Standing
  /** Where sources can be asked how long they keep their records. Default: nowhere. */
  readonly sources?: SourcePorts
}

/** Reads an application. */
export const examine = async ({
  store,
  app,
  clock,
  fromMs,
  toMs,
  sources,
  standing,
  ...given
}: Examination): Promise<Examined> => {
  const nowMs = clock.now()
  const { head, driverNote, lanes, states } = await readPresent(store, app)
  const records = await readRecords(store, app, { fromMs, toMs })
  const bill = new BillSum(standing)
  for (const record of records) bill.add(record)
  const oldestFirst = records.toReversed()
  const batches = oldestFirst.filter(({ status }) => status === 'completed')
  const firstMs = oldestFirst[0]?.timeMs ?? nowMs
  const intervalMs = given.intervalMs ?? given.options?.intervalMs ?? intervalIn(batches)
  const { intervalMs: _, ...rest } = given
  return {
    ...rest,
    nowMs,
    head,
    lanes,
    states,
    batches,
    failures: oldestFirst.filter(({ status }) => status === 'failed'),
    bill: bill.bill(),
    retentionMs: await retentionsOf(lanes, sources),
    deadLetters: await countDeadLetters(store, app, firstMs, Math.max(toMs, firstMs)),
    ...(driverNote === undefined ? {} : { driverNote }),
    ...(intervalMs === undefined ? {} : { intervalMs }),
  }
}

/** The retention of each source, as one of its lanes tells. */
const retentionsOf = async (
  lanes: readonly LaneOverview[],
  ports: SourcePorts | undefined,
): Promise<Examined['retentionMs']> => {
  const firsts = new Map(lanes.toReversed().map(({ source, lane }) => [source, lane]))
  const known: Record<string, number> = {}
  if (ports === undefined) return known
  for (const [source, lane] of firsts)
    for (const { retentionMs } of sourceKinds()) {
      // Who may not ask does not know.
      const keptMs = await retentionMs?.(lane, ports).catch(() => undefined)
      if (keptMs !== undefined) known[source] = keptMs
    }
  return known
}

/** The records of the last deployment in a range, the newest first. */
const readRecords = async (
  store: ItemStore,
  app: string,
  range: { readonly fromMs: number; readonly toMs: number },
): Promise<readonly BatchRecord[]> => {
  const found: BatchRecord[] = []
  for await (const page of historyPages(store, app, range)) {
    // What an operator skipped is of no deployment.
    const ran = page.filter(({ status }) => status !== 'skipped')
    const generation = (found[0] ?? ran[0])?.generation
    const own = ran.filter((record) => record.generation === generation)
    for (const record of own.slice(0, RECORDS_MAX - found.length)) found.push(record)
    if (own.length < ran.length || found.length >= RECORDS_MAX) break
  }
  return found
}
