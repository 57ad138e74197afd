/** A thread: runs the seeds that it gets, and sends back their results. */
import { parentPort } from 'node:worker_threads'
import { runSeeds } from './seeds.ts'
import type { Range } from './workers.ts'

parentPort?.on('message', ({ from, count }: Range) => {
  void runSeeds(from, count).then((summary) => parentPort?.postMessage(summary))
})
