/** A thread: runs the seeds that it gets, and sends back their results. */
import { parentPort } from 'node:worker_threads'
import { runSeeds, type SeedRange } from './seeds.ts'

parentPort?.on('message', (range: SeedRange) => {
  void runSeeds(range).then((summary) => parentPort?.postMessage(summary))
})
