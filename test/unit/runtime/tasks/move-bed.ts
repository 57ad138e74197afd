/** A pipeline whose states and windows move in two executors, which can end and start anew. */
import type { DStream } from 'millrace'
import type { Executors } from '../../../../lib/ports/executors.ts'
import type { StateRequest } from '../../../../lib/runtime/tasks/task-request.ts'
import type { TaskServer } from '../../../../lib/runtime/tasks/task-server.ts'
import type { LogSettings } from '../../../../lib/state/state-log.ts'
import { type DeployOptions, type Deployment, pipelineOf, START_MS, World } from '../harness.ts'

export type Pairs = DStream<[string, number]>

export const sum = (a: number, b: number): number => a + b
export const total = (all: readonly number[], before = 0): number => all.reduce(sum, before)
/** Executors that answer at once, and what each was asked for. */
export interface Bed {
  readonly app: Deployment
  readonly world: World
  readonly asked: StateRequest[]
  /** The bytes of each request, and of what came with it. */
  readonly sent: { readonly request: number; readonly data: number }[]
  /** The executors that answer. */
  readonly alive: Set<number>
  /** Makes an executor anew: it has lost its memory. */
  readonly restart: (executor: number) => void
}

const COUNT = 2

export const bedOf = (
  use: (pairs: Pairs) => DStream<unknown>,
  options: Omit<DeployOptions, 'executors'> = { stateBytes: 1 },
  world: World = new World(),
): Bed => {
  const asked: StateRequest[] = []
  const sent: { request: number; data: number }[] = []
  const alive = new Set([0, 1])
  const servers: TaskServer[] = []
  let start: ((executor: number) => void) | undefined
  const executors = (open: () => TaskServer): Executors => {
    start = (executor) => void (servers[executor] = open())
    for (let one = 0; one < COUNT; one++) start(one)
    return {
      count: COUNT,
      tasksAtOnce: 1,
      async run(executor, request, _, data) {
        if ('partition' in request) {
          asked.push(request as unknown as StateRequest)
          const { length } = JSON.stringify(request)
          sent.push({ request: length, data: data?.byteLength ?? 0 })
        }
        if (!alive.has(executor)) throw new Error('the executor has ended')
        return (servers[executor] as TaskServer).answer(request as StateRequest, data)
      },
    }
  }
  const pipeline = pipelineOf((ssc) => {
    const pairs = ssc
      .textFileStream('in')
      .flatMap((line) => line.split(' '))
      .map((word): [string, number] => [word, 1])
    use(pairs).saveAsTextFiles('out')
  })
  const app = world.deploy(pipeline, { ...options, executors })
  return { app, world, asked, sent, alive, restart: (executor) => start?.(executor) }
}

/** Runs a batch with one line. */
export const batch = async ({ app, world }: Bed, line: string): Promise<void> => {
  world.write(`${world.nowMs}.txt`, world.nowMs + 500 - START_MS, `${line}\n`)
  await app.tick()
}

export const WORDS = Array.from({ length: 200 }, (_, index) => `word${index}`)

export interface Reads {
  count: number
  readonly keys: string[]
}

/** Counts the segments of a node that are read from now on. */
export const countReads = (world: World, node: string): Reads => {
  const reads: Reads = { count: 0, keys: [] }
  const { store } = world
  const inner = { ...store }
  store.get = async (key) => {
    if (key.partition.includes(node)) {
      reads.count += 1
      reads.keys.push(`${key.partition}/${key.sort}`)
    }
    return inner.get(key)
  }
  return reads
}

/** Small states have pages and merges too. */
export const SMALL_LOG: LogSettings = {
  pageRefs: 3,
  smallAfterDeltas: 3,
  smallShareMax: 0.5,
  tinyBytes: 16,
  merges: {
    besideBytes: 64,
    atOnceAfter: 8,
    sliceBytes: 128,
    sliceKeys: 8,
    mergeForMs: 86_400_000,
  },
}
