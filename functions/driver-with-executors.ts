/**
 * The driver of an application with executors. It is a file of its own, so that other drivers are
 * bundled without the client of Lambda.
 */
import { once } from '../lib/adapters/aws/clients.ts'
import type { Executors } from '../lib/ports/executors.ts'
import { awsAnswers } from './aws-ports.ts'
import { driverEntry, type MakeExecutors } from './driver-entry.ts'
import type { DriverFunction } from './driver-function.ts'

/** The client is loaded with the first large batch: most invocations have none. */
const makeExecutors: MakeExecutors = ({ executors: functions, blocks }, app, meter) => {
  if (functions.length === 0) return undefined
  const loaded = once(async (): Promise<Executors> => {
    const { lambdaExecutors } = await import('../lib/adapters/aws/lambda-executors.ts')
    return lambdaExecutors({ functions, blobs: awsAnswers(blocks, app), meter })
  })
  return {
    count: functions.length,
    names: functions,
    tasksAtOnce: 1,
    run: async (...call) => (await loaded()).run(...call),
  }
}

/** The entry point. If it throws, the queue delivers the triggers again. */
export const handler: DriverFunction = driverEntry(import.meta.url, makeExecutors)
