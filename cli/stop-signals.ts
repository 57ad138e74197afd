import { startWatchdog } from '../lib/adapters/local/watchdog.ts'
import type { Clock } from '../lib/ports/clock.ts'
import { EXIT } from './exit-codes.ts'

/**
 * Two signals within this time count as one: the terminal sends a Ctrl-C to every process, and npm
 * then passes it on to this one again.
 */
const SAME_MS_MAX = 1_000

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** How a command hears that it should stop. */
export interface StopSignal {
  /** The first SIGINT or SIGTERM aborts it. A second one ends the process at once. */
  readonly signal: AbortSignal
  /** Ends the thread that looks whether a function does not return. */
  readonly endWatch: () => void
}

/** Listens to the signals of the process from now on. */
export const stopSignal = (clock: Clock, onStop: () => void): StopSignal => {
  const controller = new AbortController()
  let firstMs: number | undefined
  const stop = (name: NodeJS.Signals): void => {
    if (firstMs !== undefined && clock.now() - firstMs > SAME_MS_MAX)
      process.exit(name === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted)
    if (firstMs !== undefined) return
    firstMs = clock.now()
    onStop()
    controller.abort()
  }
  const listen = (): void => SIGNALS.forEach((name) => void process.on(name, stop))
  const release = (): void => SIGNALS.forEach((name) => void process.off(name, stop))
  listen()
  // While a function does not return, nobody hears a signal. So the system's own answer to it comes
  // back, which ends the process.
  const endWatch = startWatchdog({ says: 'text', whileStuck: release, whenFree: listen })
  // The reader of our output has gone, as in `millrace run app.ts | head`: stop too.
  // Any other error is that of the batch whose text could not be written.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') controller.abort()
  })
  return { signal: controller.signal, endWatch }
}
