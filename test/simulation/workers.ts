import { Worker } from 'node:worker_threads'
import type { Summary } from './seeds.ts'
import { sumOf } from './seeds.ts'

/**
 * The number of seeds that a worker takes at a time. It is small, so that no worker waits long for
 * the last one.
 */
const SHARE = 25

/** A part of a run: a number of seeds, starting with `from`. */
export interface Range {
  readonly from: number
  readonly count: number
}

const rangesOf = (from: number, count: number): Range[] =>
  Array.from({ length: Math.ceil(count / SHARE) }, (_, index) => ({
    from: from + index * SHARE,
    count: Math.min(SHARE, count - index * SHARE),
  }))

/** Runs seeds in threads side by side. `tell` hears of each part that is done. */
export const runInWorkers = async (
  from: number,
  count: number,
  workers: number,
  tell: (part: Summary) => void = () => undefined,
): Promise<Summary> => {
  const waiting = rangesOf(from, count)
  const summaries = await Promise.all(Array.from({ length: workers }, () => workOff(waiting, tell)))
  return sumOf(summaries.flat())
}

const workOff = (waiting: Range[], tell: (part: Summary) => void): Promise<readonly Summary[]> =>
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
