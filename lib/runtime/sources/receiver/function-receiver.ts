/**
 * The receiver of a user: a function that stores what it receives. When it ends or throws, it is
 * called again after a delay, as Spark restarts a receiver. It may call `store` many times at once:
 * the records are stored together, in the order of the calls.
 */
import { whenAborted } from '../../../base/concurrency.ts'
import type { Receive } from '../../../dstream/sources/receiver.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Receiver } from '../../../ports/receiver.ts'
import { AppendQueue } from '../append-queue.ts'

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
    const inbox = new AppendQueue<readonly unknown[]>({
      store: (all) => sink.store({ records: all.flat(), rejected: [] }),
    })
    const failed = whenAborted(inbox.failed).then(() => undefined)
    const receiving = {
      store: (...records: readonly unknown[]) => quietly(storeIn(inbox, records)),
      report: (message: string, error?: unknown) =>
        error === undefined ? sink.report(message) : sink.report(message, textOf(error)),
      signal: AbortSignal.any([signal, inbox.failed]),
    }
    for (;;) {
      sink.report('it has started')
      // A failed store ends the run, even if the function did not wait for it and never ends.
      const ending = await Promise.race([endOf(receive, receiving), failed])
      await inbox.settled()
      inbox.failed.throwIfAborted()
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

const storeIn = async (
  inbox: AppendQueue<readonly unknown[]>,
  records: readonly unknown[],
): Promise<void> => {
  if (records.length > 0) await inbox.add(records, { bytes: 0, records: records.length })
}

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
