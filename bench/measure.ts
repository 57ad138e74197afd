import { median } from './statistics.ts'

/** Collects garbage, if Node was started with `--expose-gc`, so that no measurement pays for it. */
export const collectGarbage = (): void => globalThis.gc?.()

/** The milliseconds of some work, by the clock. */
export const timed = async (work: () => unknown): Promise<number> => {
  collectGarbage()
  const startMs = performance.now()
  await work()
  return performance.now() - startMs
}

/** The median milliseconds of some rounds. */
export const medianMs = async (rounds: number, run: () => unknown): Promise<number> => {
  const taken: number[] = []
  for (let round = 0; round < rounds; round++) taken.push(await timed(run))
  return median(taken)
}
