import pipeline from 'millrace-pipeline'
import { awsPorts, functionsLog } from './aws-ports.ts'
import { awsSinks } from './aws-sinks.ts'
import type { Usage } from '../lib/base/prices.ts'
import type { Meter } from '../lib/ports/meter.ts'
import { type DriverEnvironment, readDriverEnvironment } from './driver-environment.ts'
import { type DriverFunction, driverFunction } from './driver-function.ts'
import type { DriverPorts } from './ports.ts'
import { type Invoke, meteredFunction } from './usage.ts'
import { watchFunctions } from './watch.ts'

interface Started {
  readonly driver: DriverFunction
  readonly invoke: Invoke
}

/** Makes the executors of a driver. */
export type MakeExecutors = (
  environment: DriverEnvironment,
  app: string,
  /** Counts what they use. */
  meter: Meter,
) => DriverPorts['executors']

const start = async (bundle: string, makeExecutors: MakeExecutors): Promise<Started> => {
  const environment = readDriverEnvironment(process.env)
  const facts = { app: pipeline.name, generation: environment.generation }
  watchFunctions(bundle, facts)
  const { invoke, meter, write } = meteredFunction(process.env, { ...functionsLog, facts })
  const executors = makeExecutors(environment, pipeline.name, meter)
  const ports = { ...awsPorts(environment), sinks: awsSinks, executors, write }
  const takeUsage = (): Usage => meter.take()
  return { driver: await driverFunction({ pipeline, environment, ports, takeUsage }), invoke }
}

/**
 * Makes the entry point of a driver. If it throws, the queue delivers the triggers again. `bundle`:
 * the URL of any file of the bundle.
 */
export const driverEntry = (
  bundle: string,
  makeExecutors: MakeExecutors = () => undefined,
): DriverFunction => {
  let started: Started | undefined
  return async (event, context) => {
    const { driver, invoke } = (started ??= await start(bundle, makeExecutors))
    await invoke(event, () => driver(event, context), context)
  }
}
