/** The same pipeline with and without executors: what comes out, and all that is stored. */
import type { DStream, Pipeline } from 'millrace'
import type { Executors } from '../../../../lib/ports/executors.ts'
import { isLazy } from '../../../../lib/rdd/partition.ts'
import type { SourceReader } from '../../../../lib/runtime/sources/source-reader.ts'
import type { RuntimeEvent } from '../../../../lib/runtime/events.ts'
import type { Invocation } from '../../../../lib/runtime/tasks/invocation.ts'
import type { TaskRequest } from '../../../../lib/runtime/tasks/task-request.ts'
import type { TaskServer } from '../../../../lib/runtime/tasks/task-server.ts'
import { Random } from '../../../../lib/testing/random.ts'
import { type Manifest, readManifest } from '../../../../lib/state/manifest.ts'
import type { SegmentRef } from '../../../../lib/state/segments.ts'
import { APP, type DeployOptions, START_MS, World } from '../harness.ts'

export type Open = () => TaskServer
export type Run = Executors['run']

/** Every file is a large one, so that it is read when it is needed, and is a task of its own. */
export const HELD = { batchBytes: 0, partBytes: Infinity }
const LARGE_BYTES = 1 << 30
export const asLarge = (reader: SourceReader): SourceReader => ({
  ...reader,
  read: async (...given) => {
    const data = await reader.read(...given)
    const partitions = data.partitions.map((one) =>
      isLazy(one) ? { sizeBytes: LARGE_BYTES, read: () => one.read() } : one,
    )
    return { ...data, partitions }
  },
})

export const sum = (a: number, b: number): number => a + b

/** A word with `!` throws. Sums of thirds depend on the order in which they are added. */
export const thirds = (lines: DStream<string>): DStream<[string, number]> =>
  lines
    .flatMap((line) => line.split(' '))
    .map((word): [string, number] => {
      if (word.includes('!')) throw new RangeError('bad word')
      return [word, word.length / 3]
    })

export const TEXTS = [
  'to be or not to be',
  'that is the question',
  'whether to! be\nnobler in the mind',
  'to suffer the slings',
  'of outrageous fortune or',
  'to take arms against a sea',
]

export interface Seen {
  readonly files: ReadonlyMap<string, string>
  readonly deadLetters: readonly unknown[]
  readonly records: readonly number[]
  readonly stored: readonly unknown[]
  /** All that is true after the last batch: states, timers, offsets. */
  readonly manifest: Manifest
}

export interface SeenRun {
  readonly seen: Seen
  readonly warnings: readonly string[]
  readonly handedOn: readonly Extract<RuntimeEvent, { event: 'handedOn' }>[]
  readonly world: World
}

export const seenIn = async (
  pipeline: Pipeline,
  executors: ((open: Open) => Executors) | undefined,
  more: () => Pick<DeployOptions, 'invocation'> = () => ({}),
): Promise<SeenRun> => {
  const world = new World()
  const app = world.deploy(pipeline, {
    held: HELD,
    readAs: asLarge,
    slowMs: 0,
    ...(executors && { executors }),
    ...more(),
  })
  await app.run()
  for (const batch of [TEXTS, TEXTS.slice(3), TEXTS.slice(1, 4), [], TEXTS.slice(0, 2), TEXTS]) {
    for (const [index, text] of batch.entries())
      world.write(`${world.nowMs}-${index}.txt`, world.nowMs + 500 - START_MS, `${text}\n`)
    await app.tick()
  }
  const files = [...world.files.files()].map(([name, bytes]): [string, string] => [
    name,
    Buffer.from(bytes).toString(),
  ])
  return {
    seen: {
      files: new Map(files),
      deadLetters: (await world.deadLetters()).map(String).toSorted(),
      records: app.eventsOf('batchCompleted').map(({ records }) => records),
      stored: world.store.keys().toSorted(),
      manifest: await readManifest(world.store, APP, (await world.head()).manifest as SegmentRef),
    },
    warnings: app.eventsOf('warning').map(({ code }) => code),
    handedOn: app.eventsOf('handedOn'),
    world,
  }
}

/** Executors that answer as `run` says. `away`: the requests that they got. */
export const executorsOf =
  (
    count: number,
    run: (servers: readonly TaskServer[], away: TaskRequest[]) => Run,
    away: TaskRequest[] = [],
  ) =>
  (open: Open): Executors => {
    const servers = Array.from({ length: count }, open)
    const answer = run(servers, away)
    return {
      count,
      tasksAtOnce: 2,
      run: (executor, request, signal, data) => {
        away.push(request as TaskRequest)
        // Through text, as over a network.
        const text = JSON.stringify(request)
        return answer(executor, JSON.parse(text) as object, signal, data && Uint8Array.from(data))
      },
    }
  }

export const prompt =
  (servers: readonly TaskServer[]): Run =>
  (executor, request, _, data) =>
    (servers[executor] as TaskServer).answer(request as TaskRequest, data)

export const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate)
}

export const BEHAVIOURS: Readonly<Record<string, (servers: readonly TaskServer[]) => Run>> = {
  'answer at once': prompt,
  'answer in any order': (servers) => {
    const random = new Random(7)
    return async (...given) => {
      const answer = await prompt(servers)(...given)
      await turns(random.between(0, 9))
      return answer
    }
  },
  'often give no answer': (servers) => {
    const random = new Random(8)
    return async (...given) => {
      if (random.between(0, 2) > 0) return prompt(servers)(...given)
      await turns(random.between(0, 3))
      throw new Error('the executor has ended')
    }
  },
  'compute, and then give no answer': (servers) => {
    const random = new Random(9)
    return async (...given) => {
      const answer = await prompt(servers)(...given)
      if (random.between(0, 1) > 0) return answer
      throw new Error('the answer was lost')
    }
  },
  'never answer': () => async () => {
    throw new Error('the executor has ended')
  },
}

/**
 * Invocations that end at random, often: each question for the time left may be the last one. With
 * no length, stages are kept as soon as they are done.
 */
export const endsAtRandom =
  (seed: number, timeoutMs: number) => (): { readonly invocation: Invocation } => {
    const random = new Random(seed)
    return {
      invocation: {
        timeoutMs,
        remainingMs: () => (random.chance(0.3) ? 0.08 * timeoutMs - 1 : 9e9),
      },
    }
  }
