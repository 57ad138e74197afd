/** Feeds begin again after a pause when their source cannot be read for now. */
import { isMillraceError, type MillraceError } from '../../base/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { LaneSink } from './lane-feed.ts'

/** The pause before a feed begins again. */
const RETRY_DELAY_MS = 2_000

/** What a feed says of itself. */
export interface FeedParts {
  /** What it reads, for messages: `topic orders`. */
  readonly name: string
  readonly sink: Pick<LaneSink, 'report'>
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Default 2,000. */
  readonly retryDelayMs?: number | undefined
  /** Whether the source may be readable later. Any other error ends the run. */
  readonly isForNow: (error: MillraceError) => boolean
}

/** Tells the operator what has changed, and not the same again. */
export type Tell = (message: string) => void

/** Reads until `read` ends by itself, or the signal is aborted. */
export const feedAgain = async (
  { name, sink, clock, signal, retryDelayMs = RETRY_DELAY_MS, isForNow }: FeedParts,
  read: (tell: Tell) => Promise<void>,
): Promise<void> => {
  let told = ''
  const tell: Tell = (message) => {
    if (message !== told) sink.report(message)
    told = message
  }
  while (!signal.aborted) {
    try {
      return await read(tell)
    } catch (error) {
      if (signal.aborted || !isMillraceError(error) || !isForNow(error)) throw error
      const reason = error.message.split('\n')[0] ?? ''
      tell(`${name} cannot be read (${reason}); trying again every ${retryDelayMs} ms`)
    }
    await clock.sleep(retryDelayMs, signal)
  }
}
