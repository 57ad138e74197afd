/** The driver as a Lambda function. Its events are triggers from a queue. */
import pipeline from 'millrace-pipeline'
import { awsPorts } from './aws-ports.ts'
import { type DriverFunction, driverFunction } from './driver-function.ts'
import { readEnvironment } from './environment.ts'

let driver: DriverFunction | undefined

const start = (): Promise<DriverFunction> => {
  const environment = readEnvironment(process.env)
  return driverFunction({ pipeline, environment, ports: awsPorts(environment) })
}

/** The entry point. If it throws, the queue delivers the triggers again. */
export const handler: DriverFunction = async (event, context) => {
  driver ??= await start()
  await driver(event, context)
}
