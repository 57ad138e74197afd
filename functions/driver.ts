/** The driver as a Lambda function. Its events are triggers from a queue. */
import pipeline from 'millrace-pipeline'
import { awsPorts } from './aws-ports.ts'
import { awsSinks } from './aws-sinks.ts'
import { readDriverEnvironment } from './driver-environment.ts'
import { type DriverFunction, driverFunction } from './driver-function.ts'
import { watchFunctions } from './watch.ts'

let driver: DriverFunction | undefined

const start = (): Promise<DriverFunction> => {
  watchFunctions(import.meta.url)
  const environment = readDriverEnvironment(process.env)
  const ports = { ...awsPorts(environment), sinks: awsSinks }
  return driverFunction({ pipeline, environment, ports })
}

/** The entry point. If it throws, the queue delivers the triggers again. */
export const handler: DriverFunction = async (event, context) => {
  driver ??= await start()
  await driver(event, context)
}
