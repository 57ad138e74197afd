/** Runs of the engine in virtual time that the doctor looks at. */
import { diagnose } from '../../../../../lib/runtime/operations/doctor/diagnose.ts'
import { type Examination, examine } from '../../../../../lib/runtime/operations/doctor/examine.ts'
import type { Finding } from '../../../../../lib/runtime/operations/doctor/finding.ts'
import type { Pipeline, StreamingContext, StreamOptions } from 'millrace'
import {
  APP,
  type DeployOptions,
  type Deployment,
  pipelineOf,
  START_MS,
  World,
} from '../../harness.ts'

export const SOCKET = 'socketTextStream-1'

/** An application whose functions can let time pass. */
export interface DoctorBed {
  readonly world: World
  readonly app: Deployment
  readonly pipeline: Pipeline
  /** Appends lines to a lane, and runs the batch that takes them. */
  readonly batch: (lines: readonly string[], lane?: string) => Promise<void>
  readonly append: (lines: readonly string[], lane?: string) => Promise<void>
}

/** Starts an application. */
export const bedOf = async (
  describe: (ssc: StreamingContext, world: World) => void,
  options: Partial<StreamOptions> = {},
  deployment: DeployOptions = {},
): Promise<DoctorBed> => {
  const world = new World()
  const pipeline = pipelineOf((ssc) => describe(ssc, world), options)
  const app = world.deploy(pipeline, deployment)
  await app.run()
  let next = 1
  let batches = 0
  const append = async (lines: readonly string[], lane = '0'): Promise<void> => {
    await app.append(SOCKET, next, lines, lane)
    next += lines.length
  }
  return {
    world,
    app,
    pipeline,
    append,
    async batch(given, lane) {
      if (given.length > 0) await append(given, lane)
      const intervalMs = pipeline.build().options.intervalMs
      const dueMs = START_MS + ++batches * intervalMs
      world.advance(Math.max(0, dueMs - world.nowMs))
      let runs = 0
      await app.driver.run({ mayGoOn: () => runs++ === 0 })
    },
  }
}

export const lines = (count: number, text = 'line'): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${text}-${index}`)

/** What the doctor finds. */
export const findingsIn = async (
  { world, pipeline }: Pick<DoctorBed, 'world' | 'pipeline'>,
  given: Partial<Examination> = {},
): Promise<readonly Finding[]> =>
  diagnose(
    await examine({
      store: world.store,
      app: APP,
      clock: world.clock,
      target: '--app app',
      isDeployed: true,
      fromMs: START_MS,
      toMs: world.nowMs + 60_000,
      options: pipeline.build().options,
      ...given,
    }),
  )

/** The codes of findings. */
export const codesIn = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ code }) => code)
