/** Opens the store of a directory for a run, and creates the runner. */
import { sqliteItemStore } from '../lib/adapters/local/sqlite-item-store.ts'
import { lockStore } from '../lib/adapters/local/store-lock.ts'
import type { Printer } from '../lib/ports/printer.ts'
import type { Plan } from '../lib/dstream/plan.ts'
import { sourceName } from '../lib/dstream/sources/declaration.ts'
import type { ItemStore } from '../lib/ports/item-store.ts'
import type { BoundPlan } from '../lib/runtime/bindings.ts'
import { type Composition, compose } from '../lib/runtime/compose.ts'
import { nextGeneration } from '../lib/runtime/driver/adopt.ts'
import { planError, planFit } from '../lib/runtime/driver/plan-fit.ts'
import type { Listener } from '../lib/runtime/events.ts'
import { checkLoggedSources } from '../lib/runtime/rebinding.ts'
import type { Runner } from '../lib/runtime/runner.ts'
import type { SourcePorts } from '../lib/runtime/sources/source-ports.ts'
import { sourceKind } from '../lib/runtime/sources/source-kind.ts'
import { type Head, HeadStore } from '../lib/state/head.ts'
import { claimStore } from '../lib/state/store-owner.ts'
import type { ThreadExecutors } from '../lib/adapters/local/thread-executors.ts'
import { executorThreads } from './executor-threads.ts'
import { localPorts } from './local-ports.ts'

/** What to open. */
export interface RunParts {
  readonly module: string
  /** The hash of the code of the module. */
  readonly code: string
  readonly isOnce: boolean
  readonly bindings: readonly string[]
  /** How many tasks run at the same time. */
  readonly parallelism: number
  readonly plan: Plan
  readonly bound: BoundPlan
  /** The sources that this machine offers. */
  readonly sources: SourcePorts
  /** The directory of the store. */
  readonly state: string
  readonly printer: Printer
  readonly listen: Listener
}

/** A run that can start. */
export interface OpenRun extends Composition {
  /** Whether no batch has run on this store before. */
  readonly isFirst: boolean
  /** Ends the threads, closes the store and releases its lock. */
  close(): Promise<void>
}

/**
 * Opens a run.
 *
 * @throws MillraceError `DIRECTORY_MISSING`, `STORE_BUSY` and the other errors of stores,
 * `PLAN_INCOMPATIBLE`, `BINDING_CHANGED`.
 */
export const openRun = async (parts: RunParts): Promise<OpenRun> => {
  checkLocations(parts)
  const lock = lockStore(parts.state)
  try {
    const store = sqliteItemStore({ directory: parts.state })
    try {
      const composition = await composeOn(store, parts)
      const close = async (): Promise<void> => {
        await composition.executors?.close()
        await composition.runner.outputs.close()
        store.close()
        lock.release()
      }
      return { ...composition, close }
    } catch (error) {
      store.close()
      throw error
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

/**
 * Checks that directories and files are there.
 *
 * @throws MillraceError `DIRECTORY_MISSING`, `BINDING_MISSING`, `BINDING_UNFIT`.
 */
export const checkLocations = ({
  plan,
  bound,
  sources,
}: Pick<RunParts, 'plan' | 'bound' | 'sources'>): void => {
  for (const { id, node } of plan.sources) {
    const location = bound.sources.get(id)
    if (location === undefined) continue
    sourceKind(location.kind)?.check?.(location, sourceName(id, node.source), sources)
  }
}

const composeOn = async (
  store: ItemStore,
  parts: RunParts,
): Promise<Omit<OpenRun, 'close'> & { readonly executors: ThreadExecutors | undefined }> => {
  const { plan, bound, sources, printer, listen } = parts
  const app = plan.name
  const ports = localPorts(store, { sources, printer })
  await claimStore(store, app)
  const head = await new HeadStore(store, app).read()
  // The generation comes from the clock. So it is also higher than those in the outputs that were
  // written before a reset.
  const generation = nextGeneration(head, plan, ports.clock.now())
  const locations = bound.sources
  const executors = executorThreads(parts.parallelism, { ...parts, generation, locations })
  const composition = await compose({
    plan,
    generation,
    executors,
    ports,
    locations,
    locateOutput: bound.locateOutput,
    listen,
    // This process holds the lock. So a lease in the head belongs to a process that has ended.
    leaseMs: 0,
  })
  if (head !== undefined) await checkFit(composition.runner, head)
  return { ...composition, executors, isFirst: head?.manifest === undefined }
}

/**
 * Before a receiver takes in anything: a record that is in the store under a source that the next
 * plan does not have would wait there.
 */
const checkFit = async (runner: Runner, head: Head): Promise<void> => {
  const { store, app, plan, sources, listen } = runner
  await checkLoggedSources({ store, app, head, sources })
  const { conflicts, left } = await planFit(runner, head)
  if (conflicts.length > 0) throw planError(app, plan, head, conflicts)
  // An adoption says it too, but a plan that is the same is not adopted.
  if (head.plan !== plan.hash) return
  for (const message of left) listen({ event: 'warning', code: 'BINDING_CHANGED', message })
}
