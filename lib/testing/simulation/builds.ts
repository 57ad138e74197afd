/** What each process builds its pipeline with. */
import type { DStream } from '../../dstream/dstream.ts'
import type { StreamingContext } from '../../dstream/streaming-context.ts'
import { caller, type CallWorld } from './calls.ts'
import type { Environment } from './environment.ts'
import { oddError } from './odd-errors.ts'
import type { Build } from './pipelines/pipeline.ts'
import type { Storage } from './storage.ts'

/**
 * How many calls a function works for after it has thrown: it fails at times, and is not broken.
 */
const CALLS_BETWEEN_THROWS = 300

/** Every source of the pipeline gets a name. */
export const renameSources = (ssc: StreamingContext): void => {
  for (const method of ['kinesisTextStream', 'kinesisStream', 'textFileStream'] as const) {
    const make = ssc[method].bind(ssc) as (...given: readonly unknown[]) => DStream<unknown>
    const renamed = (name: string, ...rest: readonly unknown[]): DStream<unknown> =>
      make(name, ...rest).named(`renamed-${name}`)
    Object.assign(ssc, { [method]: renamed })
  }
}

/** What the pipeline of a process is built with. Without a process, the plan is not run. */
export const buildFor = (
  app: string,
  calls: CallWorld,
  storage: Storage,
  environment: Environment | undefined,
): Build => {
  if (environment === undefined)
    return {
      code: 'a',
      change: 'none',
      maybeThrow: () => undefined,
      sink: async () => undefined,
    }
  let calm = 0
  const call = caller(calls, environment)
  return {
    code: environment.deployment.code,
    change: environment.deployment.change,
    maybeThrow: () => {
      if (calls.faults.strikesLater('oddError', 0.01)) throw oddError(calls.world.later)
      if (calm-- > 0 || !calls.faults.strikes('throwingFunction')) return
      calm = CALLS_BETWEEN_THROWS
      throw new Error('this function throws at times')
    },
    sink: (path, text, { generation, epoch }) =>
      call({
        name: `sink ${path}`,
        code: 'OUTPUT_FAILED',
        effect: async () => {
          const fence = { app, generation, epoch }
          const batch = await storage.ownFiles.open({ path, timeMs: 0 }, fence)
          await batch.write(0, Buffer.from(text))
          await batch.finish()
          await storage.ownFiles.publish({ path, timeMs: 0 }, fence, undefined)
        },
      }),
  }
}
