import pipeline from 'millrace-pipeline'
import { awsPorts, functionsLog } from './aws-ports.ts'
import { awsSinks } from './aws-sinks.ts'
import { type DriverEnvironment, readDriverEnvironment } from './driver-environment.ts'
import { type DriverFunction, driverFunction } from './driver-function.ts'
import type { DriverPorts } from './ports.ts'
import { type Invoke, meteredDriver } from './usage.ts'
import { watchFunctions } from './watch.ts'

interface Started {
  readonly driver: DriverFunction
  readonly invoke: Invoke
}

/** Makes the executors of a driver. */
export type MakeExecutors = (
  environment: DriverEnvironment,
  app: string,
) => DriverPorts['executors']

const start = async (bundle: string, makeExecutors: MakeExecutors): Promise<Started> => {
  watchFunctions(bundle)
  const environment = readDriverEnvironment(process.env)
  const { invoke, takeUsage } = meteredDriver(process.env, functionsLog)
  const executors = makeExecutors(environment, pipeline.name)
  const ports = { ...awsPorts(environment), sinks: awsSinks, executors }
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
    await invoke(() => driver(event, context))
  }
}
