import { Worker } from 'node:worker_threads'

/** Settings of {@link startWatchdog}. */
export interface WatchdogOptions {
  /**
   * How the watchdog speaks, with one line: `text` on the standard error, for a person; `json` on
   * the standard output, for a log.
   */
  readonly says: 'text' | 'json'
  /** What the line of JSON says besides. Default: nothing. */
  readonly facts?: Readonly<Record<string, unknown>>
  /** The module of its thread. Default: the one beside this module. */
  readonly thread?: URL
  /**
   * Called while the process is stuck, in the middle of the function that does not return. It must
   * be quick, and wait for nothing. Default: nothing.
   */
  readonly whileStuck?: () => void
  /** Called when the event loop turns again. Default: nothing. */
  readonly whenFree?: () => void
}

/** What the thread of the watchdog gets. */
export interface WatchdogData extends Pick<WatchdogOptions, 'says' | 'facts'> {
  readonly turns: SharedArrayBuffer
  readonly cwd: string
}

const TURN_MS = 250
/** It makes next to nothing. */
const YOUNG_MB = 3

/** The name by which the thread of the watchdog finds {@link WatchdogOptions.whileStuck}. */
export const STUCK = 'millrace.stuck'

const nothing = (): void => undefined

/**
 * Watches the event loop from a thread of its own. A function that never returns keeps this process
 * from doing anything, also from hearing a Ctrl-C. After three seconds without a turn of the event
 * loop, the thread looks, like a debugger, which function it is, says so, and lets `whileStuck` run
 * in it.
 *
 * The thread costs some megabytes. It never keeps the process alive. Returns what ends it.
 */
export const startWatchdog = ({
  says,
  facts = {},
  thread,
  whileStuck = nothing,
  whenFree = nothing,
}: WatchdogOptions): (() => void) => {
  const turns = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
  const counter = new Int32Array(turns)
  const global = globalThis as Record<symbol, unknown>
  global[Symbol.for(STUCK)] = () => {
    whileStuck()
    setImmediate(whenFree)
  }
  const turning = setInterval(() => void Atomics.add(counter, 0, 1), TURN_MS).unref()
  const { href } = new URL(import.meta.url)
  const beside = new URL(href.replace(/watchdog(\.[jt]s)$/, 'watchdog-thread$1'))
  const worker = new Worker(thread ?? beside, {
    workerData: { turns, says, facts, cwd: process.cwd() } satisfies WatchdogData,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  })
  // Without it, a process that cannot have another thread still runs.
  worker.on('error', nothing)
  worker.unref()
  return () => {
    void worker.terminate()
    clearInterval(turning)
  }
}
