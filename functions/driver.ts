/** The driver as a Lambda function. Its events are triggers from a queue. */
import pipeline from 'millrace-pipeline'
import { awsPorts, functionsLog } from './aws-ports.ts'
import { awsSinks } from './aws-sinks.ts'
import { readDriverEnvironment } from './driver-environment.ts'
import { type DriverFunction, driverFunction } from './driver-function.ts'
import { type Invoke, meteredInvocations } from './usage.ts'
import { watchFunctions } from './watch.ts'

interface Started {
  readonly driver: DriverFunction
  readonly invoke: Invoke
}

let started: Started | undefined

const start = async (): Promise<Started> => {
  watchFunctions(import.meta.url)
  const environment = readDriverEnvironment(process.env)
  const invoke = meteredInvocations(process.env, functionsLog)
  const ports = { ...awsPorts(environment), sinks: awsSinks }
  return { driver: await driverFunction({ pipeline, environment, ports }), invoke }
}

/** The entry point. If it throws, the queue delivers the triggers again. */
export const handler: DriverFunction = async (event, context) => {
  const { driver, invoke } = (started ??= await start())
  await invoke(() => driver(event, context))
}
