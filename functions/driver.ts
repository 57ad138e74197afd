/** The driver as a Lambda function. Its events are triggers from a queue. */
import { driverEntry } from './driver-entry.ts'
import type { DriverFunction } from './driver-function.ts'

/** The entry point. If it throws, the queue delivers the triggers again. */
export const handler: DriverFunction = driverEntry(import.meta.url)
