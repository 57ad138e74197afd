/** A thread of its own: runs the seeds it is told, and says what came of them. */
import { parentPort } from 'node:worker_threads'
import { runSeeds } from './seeds.ts'
import type { Range } from './workers.ts'

parentPort?.on('message', ({ from, count }: Range) => {
  void runSeeds(from, count).then((summary) => parentPort?.postMessage(summary))
})
