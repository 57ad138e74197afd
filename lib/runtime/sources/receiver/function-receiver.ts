/**
 * A user's receiver: a function that stores what it receives. It is called again some time after it
 * has ended or thrown, as Spark restarts a receiver. Any number of its calls of `store` may be
 * under way at a time: what they bring is stored together, in the order of the calls.
 */
import type { Receive } from '../../../dstream/sources/receiver.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Receiver, ReceiverSink } from '../../../ports/receiver.ts'

/** Spark's `spark.streaming.receiverRestartDelay`. */
const RESTART_DELAY_MS = 2_000

/** The receiver that a function of a pipeline is. */
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
      report: (message: string) => sink.report(message),
      signal: AbortSignal.any([signal, inbox.broken]),
    }
    for (;;) {
      sink.report('it has started')
      // A store that fails ends the run, whether or not the function has waited for it, or ever
      // ends.
      const ending = await Promise.race([endOf(receive, receiving), inbox.failure])
      await inbox.empty()
      if (signal.aborted || (untilEnd && ending === undefined)) return sink.report('it has stopped')
      sink.report(
        `${ending ?? 'it has ended'}; it is started again in ${RESTART_DELAY_MS / 1_000} s`,
      )
      await clock.sleep(RESTART_DELAY_MS, signal)
      if (signal.aborted) return sink.report('it has stopped')
    }
  },
})

/**
 * The same promise, which may be left alone: what it rejects with ends nothing but the wait of
 * whoever waits for it.
 */
const quietly = <P extends Promise<unknown>>(stored: P): P => {
  stored.catch(() => undefined)
  return stored
}

/** What the function threw; undefined when it has ended by itself. */
const endOf = async (
  receive: Receive<unknown>,
  receiving: Parameters<Receive<unknown>>[0],
): Promise<string | undefined> => {
  try {
    await receive(receiving)
    return undefined
  } catch (error) {
    return `it has failed: ${error instanceof Error ? error.message : String(error)}`
  }
}

interface Waiting {
  readonly records: readonly unknown[]
  readonly done: PromiseWithResolvers<void>
}

/**
 * What is to be stored: one delivery at a time, as the sink wants it, with all that has come
 * meanwhile.
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

  /** Rejects with what the sink has rejected with. */
  get failure(): Promise<never> {
    return this.#failure.promise
  }

  /** Aborted when the sink has rejected. */
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

  /** Until nothing waits. Rejects when the sink has. */
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
