import { Worker } from 'node:worker_threads'

/** Settings of {@link startWatchdog}. */
export interface WatchdogOptions {
  /** After this time without a turn of the event loop the process counts as stuck. Milliseconds. */
  readonly afterMs: number
  /**
   * Called while the process is stuck, in the middle of the function that does not return. It must
   * be quick, and wait for nothing.
   */
  readonly whileStuck: () => void
  /** Called when the event loop turns again. */
  readonly whenFree: () => void
}

/** What the thread of the watchdog gets. */
export interface WatchdogData {
  readonly turns: SharedArrayBuffer
  readonly afterMs: number
  readonly cwd: string
}

const TURN_MS = 250

/** The name by which the thread of the watchdog finds {@link WatchdogOptions.whileStuck}. */
export const STUCK = 'millrace.stuck'

/**
 * Watches the event loop from a thread of its own. A function that never returns keeps this process
 * from doing anything, also from hearing a Ctrl-C. The thread then looks, like a debugger, which
 * function it is, says so on the standard error, and lets `whileStuck` run in it.
 *
 * The thread costs some megabytes. It never keeps the process alive.
 */
export const startWatchdog = ({ afterMs, whileStuck, whenFree }: WatchdogOptions): void => {
  const turns = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
  const counter = new Int32Array(turns)
  const global = globalThis as Record<symbol, unknown>
  global[Symbol.for(STUCK)] = () => {
    whileStuck()
    setImmediate(whenFree)
  }
  setInterval(() => void Atomics.add(counter, 0, 1), TURN_MS).unref()
  const { href } = new URL(import.meta.url)
  const worker = new Worker(new URL(href.replace(/watchdog(\.[jt]s)$/, 'watchdog-thread$1')), {
    workerData: { turns, afterMs, cwd: process.cwd() } satisfies WatchdogData,
  })
  // Without it, a process that cannot have another thread still runs.
  worker.on('error', () => undefined)
  worker.unref()
}
