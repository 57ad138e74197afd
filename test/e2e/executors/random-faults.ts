/** Ends and stops functions at random. The moments follow a seed and the calls of executors. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../../lib/testing/random.ts'
import { killFunction, signalFunction } from '../deployed/processes.ts'
import type { World } from './world.ts'

/** A task takes longer. */
const DELAY_MS_MAX = 150
/** The driver is killed after one of these calls, from the first as 1. */
const DRIVER_AT_CALL = { min: 2, max: 8 } as const
/** A stopped executor goes on after so long. */
const STOP_MS = { min: 500, max: 4_000 } as const

/** What is hit. */
export interface Faults {
  /** The share of calls after which the executor that was called is killed. */
  readonly kills: number
  /** The share of calls after which it is stopped for some time. */
  readonly stops: number
  /** Whether the driver is killed once, after one of the first calls. */
  readonly driver: boolean
}

/** How many processes were hit. */
export interface Hit {
  readonly killed: number
  readonly stopped: number
  readonly drivers: number
}

/** Hits functions while `run` runs. */
export const withRandomFaults = async (
  { app, calls, executors }: World,
  random: Random,
  faults: Faults,
  run: () => Promise<void>,
): Promise<Hit> => {
  const hit = { killed: 0, stopped: 0, drivers: 0 }
  const planned: Promise<void>[] = []
  const later = (act: () => Promise<void> | void): void => {
    planned.push(sleep(random.between(0, DELAY_MS_MAX)).then(act))
  }
  const stop = async (functionName: string, durationMs: number): Promise<void> => {
    hit.stopped += signalFunction(functionName, 'SIGSTOP')
    await sleep(durationMs)
    signalFunction(functionName, 'SIGCONT')
  }
  const atCall = faults.driver ? random.between(DRIVER_AT_CALL.min, DRIVER_AT_CALL.max) : undefined
  let seen = 0
  calls.onCall = (executor) => {
    const functionName = executors[executor] as string
    const drawn = random.next()
    const stopMs = random.between(STOP_MS.min, STOP_MS.max)
    seen += 1
    if (drawn < faults.kills) later(() => void (hit.killed += killFunction(functionName)))
    else if (drawn < faults.kills + faults.stops) later(() => stop(functionName, stopMs))
    if (seen === atCall) later(() => void (hit.drivers += killFunction(app.driver)))
  }
  try {
    await run()
  } finally {
    calls.onCall = () => undefined
    await Promise.all(planned)
  }
  return hit
}
