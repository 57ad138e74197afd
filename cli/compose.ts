/** Where a run's parts are made and put together. Nothing else knows which adapters there are. */
import { statSync } from 'node:fs'
import { MillraceError } from '../lib/base/errors.ts'
import { parseDirectoryPattern } from '../lib/adapters/directory-pattern.ts'
import { localDirectories } from '../lib/adapters/local/local-directories.ts'
import { localOutputFiles } from '../lib/adapters/local/local-output-files.ts'
import { socketReceiver } from '../lib/adapters/local/socket-receiver.ts'
import { sqliteItemStore } from '../lib/adapters/local/sqlite-item-store.ts'
import { lockStore } from '../lib/adapters/local/store-lock.ts'
import { systemClock } from '../lib/adapters/local/system-clock.ts'
import { systemRandomness } from '../lib/adapters/local/system-randomness.ts'
import type { Plan, Planned } from '../lib/dstream/plan.ts'
import type { SourceNode } from '../lib/dstream/plan-node.ts'
import type { Clock } from '../lib/ports/clock.ts'
import type { ItemStore } from '../lib/ports/item-store.ts'
import type { OutputFiles } from '../lib/ports/output-files.ts'
import type { Randomness } from '../lib/ports/randomness.ts'
import type { BoundPlan, BoundSource } from '../lib/runtime/bindings.ts'
import type { Listener } from '../lib/runtime/events.ts'
import type { OutputPort } from '../lib/runtime/tasks/execute.ts'
import { checkLoggedSources, leftInLanes } from '../lib/runtime/rebinding.ts'
import type { LocalReceiver } from '../lib/runtime/local/run-local.ts'
import type { Runner } from '../lib/runtime/runner.ts'
import type { SourceReader } from '../lib/runtime/sources/source-reader.ts'
import { functionReceiver } from '../lib/runtime/sources/receiver/function-receiver.ts'
import { lanesReader } from '../lib/runtime/sources/lanes/reader.ts'
import { filesReader } from '../lib/runtime/sources/files/reader.ts'
import { queueReader } from '../lib/runtime/sources/queue/reader.ts'
import { type Head, HeadStore } from '../lib/state/head.ts'
import { claimStore } from '../lib/state/store-owner.ts'

/** What to put together. */
export interface CompositionParts {
  readonly plan: Plan
  readonly bound: BoundPlan
  /** The directory of the store. */
  readonly state: string
  readonly print: (text: string) => void
  readonly listen: Listener
}

/** A run that can start. */
export interface Composition {
  readonly runner: Runner
  readonly receivers: readonly LocalReceiver[]
  /** Gives the store back. */
  close(): void
}

/**
 * Opens the store and makes a runner for it.
 *
 * @throws MillraceError `DIRECTORY_MISSING`, `STORE_BUSY` and the other errors of stores, `PLAN_INCOMPATIBLE`, `BINDING_CHANGED`.
 */
export const compose = async (parts: CompositionParts): Promise<Composition> => {
  checkDirectories(parts.bound.sources)
  const lock = lockStore(parts.state)
  try {
    const store = sqliteItemStore({ directory: parts.state })
    try {
      const { runner, receivers } = await composeOn(store, parts)
      const close = (): void => {
        store.close()
        lock.release()
      }
      return { runner, receivers, close }
    } catch (error) {
      store.close()
      throw error
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

const composeOn = async (
  store: ItemStore,
  { plan, bound, print, listen }: CompositionParts,
): Promise<Omit<Composition, 'close'>> => {
  const app = plan.name
  const clock = systemClock()
  const randomness = systemRandomness()
  await claimStore(store, app)
  const heads = new HeadStore(store, app)
  const head = await heads.read()
  const sources = batchSources({ store, plan, bound, randomness, listen })
  if (head !== undefined) await lookAtRebinding(store, app, head, sources, listen)
  const generation = generationOf(head, plan, clock)
  const outputs = outputPort(bound, print)
  // The lock lets nobody else in, so a lease in the head is that of a process that is gone.
  const runner: Runner = {
    plan,
    app,
    generation,
    store,
    heads,
    clock,
    randomness,
    sources,
    outputs,
    listen,
    leaseMs: 0,
  }
  return { runner, receivers: [...receiversOf(bound), ...functionReceivers(plan, clock)] }
}

const isDirectory = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true

const checkDirectories = (sources: readonly BoundSource[]): void => {
  for (const { name, place } of sources) {
    if (place.kind !== 'directory' || isDirectory(parseDirectoryPattern(place.path).base)) continue
    throw new MillraceError('DIRECTORY_MISSING', {
      problem: `The directory to watch for "${name}" is not there, or is no directory`,
      value: place.shown,
      allowed: 'a directory',
      fix: `create it, or give another one: --bind ${name}=./directory`,
    })
  }
}

/** The same plan goes on in its generation. Else it counts by the clock, so that after a reset, too, it is above what outputs still carry. */
const generationOf = (head: Head | undefined, plan: Plan, clock: Clock): number => {
  if (head?.plan === plan.hash) return head.generation
  return Math.max((head?.generation ?? 0) + 1, clock.now())
}

const lookAtRebinding = async (
  store: ItemStore,
  app: string,
  head: Head,
  sources: Runner['sources'],
  listen: Listener,
): Promise<void> => {
  await checkLoggedSources({ store, app, head, sources })
  for (const [source, records] of await leftInLanes({ store, app, head, sources })) {
    listen({
      event: 'warning',
      code: 'BINDING_CHANGED',
      message: `${records} records that ${source} received from a socket are not counted yet: they wait until it is bound to a socket again.`,
    })
  }
}

interface SourceParts {
  readonly store: ItemStore
  readonly plan: Plan
  readonly bound: BoundPlan
  readonly randomness: Randomness
  readonly listen: Listener
}

const batchSources = (parts: SourceParts): ReadonlyMap<string, SourceReader> => {
  const process = parts.randomness.attemptId()
  return new Map(
    parts.plan.sources.map((planned) => [planned.id, batchSourceOf(planned, process, parts)]),
  )
}

const batchSourceOf = (
  { id, node }: Planned<SourceNode>,
  process: string,
  { store, plan, bound, listen }: SourceParts,
): SourceReader => {
  if (node.source.from === 'queue') return queueReader(node.source, process) as SourceReader
  const app = plan.name
  const place = bound.sources.find((source) => source.id === id)?.place
  if (node.source.from === 'receiver' || place?.kind !== 'directory')
    return lanesReader({ store, app, source: id }) as SourceReader
  const warn = (message: string): void =>
    listen({ event: 'warning', code: 'OBJECT_UNREADABLE', message })
  const objects = localDirectories({ path: place.path, warn })
  return filesReader({
    store,
    app,
    source: id,
    objects,
    selection: node.source.files,
    report: listen,
  }) as SourceReader
}

const receiversOf = ({ sources }: BoundPlan): readonly LocalReceiver[] =>
  sources.flatMap(({ id, place }) =>
    place.kind === 'socket'
      ? [{ source: id, receiver: socketReceiver({ host: place.host, port: place.port }) }]
      : [],
  )

const functionReceivers = ({ sources }: Plan, clock: Clock): readonly LocalReceiver[] =>
  sources.flatMap(({ id, node: { source } }) =>
    source.from === 'receiver'
      ? [{ source: id, receiver: functionReceiver(id, source.receive, clock) }]
      : [],
  )

const outputPort = (bound: BoundPlan, print: (text: string) => void): OutputPort => {
  const trees = new Map<string, OutputFiles>()
  const treeIn = (root: string): OutputFiles => {
    const tree = trees.get(root) ?? localOutputFiles({ root })
    trees.set(root, tree)
    return tree
  }
  return {
    print,
    async saveText(path, parts, fence): Promise<void> {
      const place = bound.outputPlace(path)
      await treeIn(place.directory).writeParts(place.path, parts, fence)
    },
  }
}
