import { Worker } from 'node:worker_threads'
import { type SeedRange, type Summary, sumOf } from './seeds.ts'

/**
 * The number of seeds that a worker takes at a time. It is small, so that no worker waits long for
 * the last one.
 */
const SHARE = 25

const partsOf = ({ from, count, ...options }: SeedRange): SeedRange[] =>
  Array.from({ length: Math.ceil(count / SHARE) }, (_, index) => ({
    ...options,
    from: from + index * SHARE,
    count: Math.min(SHARE, count - index * SHARE),
  }))

/** Runs seeds in threads side by side. `tell` hears of each part that is done. */
export const runInWorkers = async (
  range: SeedRange,
  workers: number,
  tell: (part: Summary) => void = () => undefined,
): Promise<Summary> => {
  const waiting = partsOf(range)
  const summaries = await Promise.all(Array.from({ length: workers }, () => workOff(waiting, tell)))
  return sumOf(summaries.flat())
}

const workOff = (
  waiting: SeedRange[],
  tell: (part: Summary) => void,
): Promise<readonly Summary[]> =>
  new Promise((resolve, reject) => {
    const done: Summary[] = []
    const worker = new Worker(new URL('worker.ts', import.meta.url), {
      execArgv: [...process.execArgv],
    })
    const goOn = (): void => {
      const next = waiting.shift()
      if (next !== undefined) return worker.postMessage(next)
      resolve(worker.terminate().then(() => done))
    }
    worker.on('message', (summary: Summary) => {
      done.push(summary)
      tell(summary)
      goOn()
    })
    worker.on('error', reject)
    goOn()
  })
