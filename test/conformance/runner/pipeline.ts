/**
 * A case as a pipeline under test. Its inputs come through durable lanes, one record for each
 * batch, and its output is an output operation.
 */
import { milliseconds, parallelize, type Pipeline, stream, type StreamingContext } from 'millrace'
import { testStream, type TestBatch, type TestStream } from 'millrace/testing'
import type { Plan } from '../../../lib/dstream/plan.ts'
import { sourceName } from '../../../lib/dstream/sources/declaration.ts'
import { call, type Handle } from './call.ts'
import { applyStep, type Flow } from './operations.ts'
import type { Batch, Vector } from './vector.ts'

/** Options of a run. */
export interface Mode {
  /** Whether the process restarts from its durable store after every batch. */
  readonly cold: boolean
}

/** The result of a case. */
export interface Run {
  readonly app: TestStream
  /** The batches at the times of the output's own slide; null where there was no RDD. */
  readonly batches: readonly Batch[]
  readonly partitions: readonly (number | undefined)[]
  readonly snapshots: readonly Batch[]
  readonly slideMs: number
}

const NAMES = ['input-1', 'input-2', 'input-3']

/** An upper limit for cases that list only the non-empty batches. */
const BATCHES_MAX = 60

const inputsOf = ({
  inputBatches,
  inputBatches2,
  inputBatches3,
}: Vector): readonly (readonly Batch[])[] =>
  [inputBatches, inputBatches2, inputBatches3].filter((batches) => batches !== undefined)

/**
 * A stream with one record in each batch: the whole batch, split into elements as the case defines.
 */
const inputStream = (ssc: StreamingContext, name: string, partitions: number): Handle =>
  ssc
    .kinesisTextStream(name)
    .map((text) => JSON.parse(text) as readonly unknown[])
    .transform(async (rdd) => parallelize((await rdd.collect()).flat(1), { partitions }), {
      pure: true,
    })
    .named(name)

/** Times without an RDD. No source of the library has them, so they are cut out of the plan. */
const withGaps = (
  pipeline: Pipeline,
  inputs: readonly (readonly Batch[])[],
  intervalMs: number,
): Pipeline => {
  const isGap = (id: string, timeMs: number): boolean =>
    inputs[NAMES.indexOf(id)]?.[timeMs / intervalMs - 1] === null
  const gapped = (planned: Plan['nodes'][number]): typeof planned => {
    const { node } = planned
    if (node.role !== 'operator' || !NAMES.includes(planned.id)) return planned
    const compute: typeof node.compute = (given, batch) =>
      isGap(planned.id, batch.timeMs) ? undefined : node.compute(given, batch)
    return { ...planned, node: { ...node, compute } }
  }
  return { ...pipeline, build: () => cut(pipeline.build(), gapped) }
}

const cut = (
  plan: Plan,
  gapped: (planned: Plan['nodes'][number]) => Plan['nodes'][number],
): Plan => {
  const nodes = plan.nodes.map(gapped)
  return {
    ...plan,
    nodes,
    operators: nodes.filter(({ node }) => node.role === 'operator') as Plan['operators'][number][],
  }
}

/** Builds the pipeline of the case. `build()` throws the errors of its description. */
const describe = (
  vector: Vector,
  seen: (flow: Flow) => void,
  also: (ssc: StreamingContext) => void,
): Pipeline => {
  const { batchIntervalMs, params } = vector
  const options = {
    batchInterval: milliseconds(batchIntervalMs),
    whenIdle: 'tick',
    retry: { attempts: 1, for: milliseconds(1) },
  } as const
  return stream('conformance', options, (ssc) => {
    const partitions = Number(params['inputPartitions'] ?? 1)
    const inputs = inputsOf(vector).map((_, index): Flow => ({
      stream: inputStream(ssc, NAMES[index] as string, partitions),
      slideMs: batchIntervalMs,
    }))
    const flow = applyStep(vector, inputs[0] as Flow, { context: ssc, inputs })
    call(flow.stream, 'foreachRDD', () => undefined)
    if (flow.snapshots !== undefined && vector.expectedSnapshots !== undefined)
      call(flow.snapshots, 'foreachRDD', () => undefined)
    seen(flow)
    also(ssc)
  })
}

/**
 * Runs a case. Stops at the first batch that fails: `app.failures` has it. `also`: what else is
 * done with the context.
 */
export const runPipeline = async (
  vector: Vector,
  { cold }: Mode,
  also: (ssc: StreamingContext) => void = () => undefined,
): Promise<Run> => {
  const intervalMs = vector.batchIntervalMs
  let slideMs = intervalMs
  const inputs = inputsOf(vector)
  const pipeline = withGaps(
    describe(vector, (flow) => (slideMs = flow.slideMs), also),
    inputs,
    intervalMs,
  )
  const app = await testStream(pipeline, { now: new Date(0), whenIdle: 'tick', failures: 'record' })
  const fed = sourceNames(pipeline)
  for (let index = 0; index < batchCount(vector, slideMs) && app.failures.length === 0; index++) {
    inputs.forEach((batches, at) => {
      const batch = batches[index]
      if (batch && fed.has(NAMES[at] as string))
        app.input(NAMES[at] as string).add(JSON.stringify(batch))
    })
    await app.advance(milliseconds(intervalMs))
    if (cold || vector.params['restartAfterBatches'] === index + 1) await app.restart()
  }
  return { app, slideMs, ...observed(app, vector, slideMs) }
}

/** The inputs that the output needs. The others are ignored. */
const sourceNames = (pipeline: Pipeline): ReadonlySet<string> =>
  new Set(pipeline.build().sources.map(({ id, node }) => sourceName(id, node.source)))

const batchCount = (
  { inputBatches, expectedBatches = [], batchIntervalMs, skipEmptyBatches }: Vector,
  slideMs: number,
): number =>
  skipEmptyBatches === true
    ? BATCHES_MAX
    : Math.max(inputBatches.length, (expectedBatches.length * slideMs) / batchIntervalMs)

const observed = (
  app: TestStream,
  vector: Vector,
  slideMs: number,
): Pick<Run, 'batches' | 'partitions' | 'snapshots'> => {
  const atSlides = (id: string): readonly TestBatch[] => {
    const { batches } = app.output(id)
    const stray = batches.find(
      ({ timeMs, elements }) => timeMs % slideMs !== 0 && elements !== undefined,
    )
    if (stray !== undefined)
      throw new Error(
        `there is an RDD at ${stray.timeMs}, which is not a multiple of the slide of ${slideMs}`,
      )
    return batches.filter(({ timeMs }) => timeMs % slideMs === 0)
  }
  const elementsOf = (batches: readonly TestBatch[]): readonly Batch[] =>
    batches.map(({ elements }) => elements ?? null)
  const results = atSlides('foreachRDD-1')
  return {
    batches: elementsOf(results).filter(
      (batch) => vector.skipEmptyBatches !== true || (batch !== null && batch.length > 0),
    ),
    partitions: results.map(({ partitions }) => partitions?.length),
    snapshots: vector.expectedSnapshots === undefined ? [] : elementsOf(atSlides('foreachRDD-2')),
  }
}
