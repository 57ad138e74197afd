/**
 * The driver of an application whose pipeline has a `parallelism`: it computes tasks of large
 * batches in threads. It is a file of its own, so that other drivers are bundled without them.
 */
import { threadExecutors } from '../lib/adapters/local/thread-executors.ts'
import { driverEntry, type MakeExecutors } from './driver-entry.ts'
import type { DriverFunction } from './driver-function.ts'

/** A thread starts with the first large batch, and stays as long as the environment. */
const makeExecutors: MakeExecutors = ({ parallelism }) =>
  parallelism === 1
    ? undefined
    : threadExecutors({
        count: parallelism - 1,
        entry: new URL('executor-thread.mjs', import.meta.url),
        data: undefined,
      })

/** The entry point. If it throws, the queue delivers the triggers again. */
export const handler: DriverFunction = driverEntry(import.meta.url, makeExecutors)
