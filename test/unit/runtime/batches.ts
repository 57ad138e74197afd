/**
 * Runs a stream operation over batches of elements through the whole runtime, warm or with
 * restarts, and returns the results.
 */
import { type DStream, type Pipeline, seconds, stream } from 'millrace'
import { APP, type Deployment, START_MS, World } from './harness.ts'

/** The result of the operation at one batch time, in seconds from the start. */
export type Given = readonly [second: number, elements: readonly unknown[]]

export type Operation = (input: DStream<never>, other: DStream<never>) => DStream<unknown>

/** An operation on streams whose elements are of these types. */
export const on = <T, U = T>(
  operation: (input: DStream<T>, other: DStream<U>) => DStream<unknown>,
): Operation => operation as unknown as Operation

/** After which batches the process is lost, and which batches fail once before they succeed. */
export interface Accidents {
  readonly restartAfter?: (batch: number) => boolean
  readonly failFirst?: (batch: number) => boolean
}

/** A pipeline of two sources whose output reports its elements. */
export const tellingPipeline = (
  operation: Operation,
  given: Given[],
  fail: () => boolean = () => false,
): Pipeline =>
  stream(APP, { batchInterval: seconds(1), whenIdle: 'tick' }, (ssc) => {
    operation(
      ssc.socketTextStream('left', 1) as DStream<never>,
      ssc.socketTextStream('right', 1) as DStream<never>,
    ).foreachRDD(async (rdd, time) => {
      const elements = await rdd.collect()
      if (fail()) throw new Error('an accident')
      given.push([(time.milliseconds - START_MS) / 1_000, elements])
    })
  })

/**
 * The results of an operation for batches of elements, one per second. `others`: the batches of a
 * second source.
 */
export const givenBy = async (
  operation: Operation,
  batches: readonly (readonly unknown[])[],
  { restartAfter = () => false, failFirst = () => false }: Accidents = {},
  others: readonly (readonly unknown[])[] = [],
): Promise<readonly Given[]> => {
  const given: Given[] = []
  const world = new World()
  let accident = false
  let generation = 1
  const pipeline = tellingPipeline(operation, given, () => accident)
  let deployment: Deployment = world.deploy(pipeline)
  await deployment.run()
  const positions = [1, 1]
  for (const [index, batch] of batches.entries()) {
    for (const [source, elements] of [batch, others[index] ?? []].entries()) {
      if (elements.length > 0)
        await deployment.append(
          `socketTextStream-${source + 1}`,
          positions[source] as number,
          elements,
        )
      positions[source] = (positions[source] as number) + elements.length
    }
    world.advance(1_000)
    accident = failFirst(index)
    let outcome = await deployment.run()
    if (accident && outcome.kind === 'retry') {
      accident = false
      // A new deployment retries immediately: the next batch is not due yet.
      deployment = world.deploy(pipeline, { generation: ++generation })
      outcome = await deployment.run()
    }
    accident = false
    if (outcome.kind === 'retry' || outcome.kind === 'failed')
      throw new Error(outcome.reason.message)
    if (restartAfter(index)) deployment = world.deploy(pipeline, { generation })
  }
  return given
}
