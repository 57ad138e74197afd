/** Replays of the batches of a world, compared with what its outputs have stored. */
import type { Pipeline } from 'millrace'
import { type ComparedBatch, Comparison } from '../../../../cli/replay/comparison.ts'
import type { StoredOutputs } from '../../../../cli/replay/stored-outputs.ts'
import { memoryItemStore } from '../../../../lib/adapters/memory/memory-item-store.ts'
import { printSink } from '../../../../lib/adapters/print-sink.ts'
import { partsIn } from '../../../../lib/adapters/output-layout.ts'
import type { ItemStore } from '../../../../lib/ports/item-store.ts'
import { readOnlyStore } from '../../../../lib/runtime/replay/copy-store.ts'
import { type CopyTarget, listedStore, moveCopy } from '../../../../lib/runtime/replay/move-copy.ts'
import type { ReplayedBatch } from '../../../../lib/runtime/replay/heard.ts'
import { Replay } from '../../../../lib/runtime/replay/replay.ts'
import { ReplayRange } from '../../../../lib/runtime/replay/replay-range.ts'
import type { SinkLocation } from '../../../../lib/runtime/sinks/sink-kind.ts'
import { APP, START_MS, type World } from '../harness.ts'

/** What to replay. Times are milliseconds from the start. */
export interface Asked {
  readonly from?: number
  readonly to?: number
  readonly old?: Pipeline
  readonly runForeach?: boolean
  /** The application that gets the copy. */
  readonly into?: CopyTarget
}

/** A replay that has ended. */
export interface Replayed {
  /** The batch after which the replay begins. */
  readonly snapshotMs: number
  readonly batches: readonly ReplayedBatch[]
  readonly compared: readonly ComparedBatch[]
  readonly brokenMs: number | undefined
  /** The most items that the copy has had after a batch. */
  readonly itemsMax: number
  readonly comparison: Comparison
}

type FilesLocation = SinkLocation & { readonly directory: string }

const locate = (path: string): SinkLocation => {
  const location: FilesLocation = { kind: 'files', directory: '', path }
  return path === 'print:' ? { kind: 'print', path: '' } : location
}

const refuse = async (): Promise<never> => {
  throw new Error('a replay writes nothing')
}

const storedIn = ({ files }: World): StoredOutputs => ({
  canRead: () => true,
  read: async (at) => {
    const all = files.files()
    const success = all.get(`${at}/_SUCCESS`)
    return success && partsIn(success).map((name) => all.get(`${at}/${name}`) as Uint8Array)
  },
})

const openReplay = async (
  world: World,
  pipeline: Pipeline,
  { range, copy, source, runForeach }: OpenParts,
): Promise<Replay> => {
  const plan = pipeline.build()
  const print = printSink({ print: () => undefined })
  return Replay.open({
    plan,
    source,
    start: range.start,
    ports: {
      store: copy,
      clock: world.clock,
      randomness: world.randomness,
      sources: { files: { open: () => world.objects, check: () => undefined } },
      sinks: { print, files: () => ({ description: 'nothing', open: refuse }) },
    },
    locations: new Map(
      plan.sources.map(({ id, node: { source: declared } }) => [
        id,
        { kind: declared.files === undefined ? 'fed' : 'files' },
      ]),
    ),
    locateOutput: locate,
    catching: { runForeach, isWritten: false },
  })
}

interface OpenParts {
  readonly range: ReplayRange
  readonly copy: ItemStore
  readonly source: ItemStore
  readonly runForeach: boolean
}

/** Replays a range with a pipeline. The store of the world refuses and counts writes. */
export const replayWith = async (
  world: World,
  pipeline: Pipeline,
  { from = 0, to = Infinity, old, runForeach = false, into }: Asked = {},
): Promise<Replayed> => {
  const source = readOnlyStore(world.store)
  const range = await ReplayRange.find(
    { store: source, app: APP, clock: world.clock },
    { fromMs: START_MS + from, toMs: START_MS + to },
  )
  const copied = new Set<string>()
  const copy = listedStore(countedStore(copied))
  const now = await openReplay(world, pipeline, { range, copy, source, runForeach })
  const before =
    old && (await openReplay(world, old, { range, copy: memoryItemStore(), source, runForeach }))
  const comparison = new Comparison(
    pipeline.build(),
    old === undefined ? { stored: storedIn(world) } : { old: old.build() },
  )
  const batches: ReplayedBatch[] = []
  const compared: ComparedBatch[] = []
  let itemsMax = 0
  const notes = range.notes()
  for (;;) {
    const next = await notes.next()
    if (next.done === true) {
      await now.close()
      await before?.close()
      if (into !== undefined) await moveCopy(copy, into, 'mover')
      return {
        snapshotMs: range.start.manifest.timeMs - START_MS,
        batches,
        compared,
        brokenMs: next.value && next.value.brokenMs - START_MS,
        itemsMax,
        comparison,
      }
    }
    const batch = await now.run(next.value)
    batches.push(batch)
    compared.push(await comparison.compare(batch, await before?.run(next.value)))
    itemsMax = Math.max(itemsMax, copied.size)
  }
}

const countedStore = (keys: Set<string>): ItemStore => {
  const store = memoryItemStore()
  const nameOf = (one: { partition: string; sort: string }): string =>
    `${one.partition}/${one.sort}`
  // Records of the history and ledgers stay, as in any application.
  const isCounted = ({ partition }: { partition: string }): boolean => partition.includes('#seg#')
  const add = (one: { partition: string; sort: string }): void =>
    void (isCounted(one) && keys.add(nameOf(one)))
  return {
    ...store,
    async put(key, item) {
      add(key)
      await store.put(key, item)
    },
    async putAll(items) {
      items.forEach(add)
      await store.putAll(items)
    },
    async deleteAll(all) {
      for (const key of all) keys.delete(nameOf(key))
      await store.deleteAll(all)
    },
  }
}
