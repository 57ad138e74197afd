/**
 * The receiver of a user: a function that stores what it receives. When it ends or throws, it is
 * called again after a delay, as Spark restarts a receiver. It may call `store` many times at once:
 * the records are stored together, in the order of the calls.
 */
import type { Receive } from '../../../dstream/sources/receiver.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Receiver, ReceiverSink } from '../../../ports/receiver.ts'

/** Spark's `spark.streaming.receiverRestartDelay`. */
const RESTART_DELAY_MS = 2_000

/** Makes a receiver from a function of the pipeline. */
export const functionReceiver = (
  source: string,
  receive: Receive<unknown>,
  clock: Clock,
): Receiver => ({
  description: `receiver ${source}`,
  async run(sink, { signal, untilEnd }): Promise<void> {
    const inbox = new Inbox(sink)
    const receiving = {
      store: (...records: readonly unknown[]) => quietly(inbox.store(records)),
      report: (message: string, error?: unknown) =>
        error === undefined ? sink.report(message) : sink.report(message, textOf(error)),
      signal: AbortSignal.any([signal, inbox.broken]),
    }
    for (;;) {
      sink.report('it has started')
      // A failed store ends the run, even if the function did not wait for it and never ends.
      const ending = await Promise.race([endOf(receive, receiving), inbox.failure])
      await inbox.empty()
      if (signal.aborted || (untilEnd && ending === undefined)) return sink.report('it has stopped')
      sink.report(
        `${ending ?? 'it has ended'}; it is started again in ${RESTART_DELAY_MS / 1_000} s`,
        ending,
      )
      await clock.sleep(RESTART_DELAY_MS, signal)
      if (signal.aborted) return sink.report('it has stopped')
    }
  },
})

/**
 * Returns the same promise, but a rejection is never unhandled: it matters only to code that awaits
 * the promise.
 */
const quietly = <P extends Promise<unknown>>(stored: P): P => {
  stored.catch(() => undefined)
  return stored
}

/** The error of the function, in words. Undefined: the function ended without an error. */
const endOf = async (
  receive: Receive<unknown>,
  receiving: Parameters<Receive<unknown>>[0],
): Promise<string | undefined> => {
  try {
    await receive(receiving)
    return undefined
  } catch (error) {
    return `it has failed: ${textOf(error)}`
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

interface Waiting {
  readonly records: readonly unknown[]
  readonly done: PromiseWithResolvers<void>
}

/**
 * Records that wait to be stored. The sink takes one delivery at a time, so each delivery contains
 * all records that came during the one before.
 */
class Inbox {
  readonly #sink: ReceiverSink
  readonly #broken = new AbortController()
  readonly #failure = Promise.withResolvers<never>()
  #waiting: Waiting[] = []
  #flushing: Promise<void> | undefined

  constructor(sink: ReceiverSink) {
    this.#sink = sink
    this.#failure.promise.catch(() => this.#broken.abort())
  }

  /** Rejects with the error of the sink. */
  get failure(): Promise<never> {
    return this.#failure.promise
  }

  /** Aborted when the sink rejects. */
  get broken(): AbortSignal {
    return this.#broken.signal
  }

  async store(records: readonly unknown[]): Promise<void> {
    if (records.length === 0) return
    const done = Promise.withResolvers<void>()
    this.#waiting.push({ records, done })
    this.#flushing ??= this.#flush()
    await done.promise
  }

  /** Waits until all records are stored. Rejects if the sink has rejected. */
  async empty(): Promise<void> {
    await this.#flushing
    if (this.#broken.signal.aborted) await this.failure
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      try {
        await this.#sink.store({ records: batch.flatMap(({ records }) => records), rejected: [] })
        for (const { done } of batch) done.resolve()
      } catch (error) {
        this.#failure.reject(error as Error)
        for (const { done } of batch) done.reject(error as Error)
      }
    }
    this.#flushing = undefined
  }
}
