/**
 * Sends the messages of batches in chunks. Nothing that is sent can be taken back, so the effect is
 * at-least-once. Each message has an id that is the same in each attempt at its batch: a service
 * that remembers ids makes it once.
 *
 * A chunk is sent again for the messages that the service refused for the moment, after a pause. A
 * stream of few shards may take a part of each call: while it takes something, that goes on.
 */
import { createHash } from 'node:crypto'
import { mapAtOnce } from '../../base/concurrency.ts'
import { MillraceError } from '../../base/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Sink } from '../../ports/sink.ts'
import type { Message } from '../../rdd/sink-declaration.ts'

/** A message with what makes it known again. */
export type SentMessage<M extends Message = Message> = M & {
  /** 32 hex digits over application, output, batch time, partition and number. */
  readonly id: string
}

/** What became of a chunk. */
export interface ChunkEnd<M extends Message = Message> {
  /** Messages that the service did not take, and may take later. In their order. */
  readonly again: readonly SentMessage<M>[]
  /** How many of them the service refused because it was asked too much. */
  readonly throttled?: number
  /** Why, for the error when it was tried often enough. */
  readonly reason?: string
  /** How long to wait at least, if the service says so. */
  readonly afterMs?: number
}

/** Limits of chunks. */
export interface ChunkLimits {
  /** A chunk has at most so many messages, and so many bytes or one message. */
  readonly messagesMax: number
  readonly bytesMax: number
  /** So many chunks at the same time. With 1, messages keep their order. */
  readonly atOnce: number
}

/** How messages are sent to a service. */
export interface Sender<M extends Message = Message> {
  /** Its name in messages: `queue https://...`. */
  readonly description: string
  limitsOf(settings: object): ChunkLimits
  /** The bytes of a message, as the service counts them. */
  bytesOf(message: M, settings: object): number
  /**
   * Sends a chunk.
   *
   * @throws MillraceError `OUTPUT_FAILED` when trying again cannot help.
   */
  send(chunk: readonly SentMessage<M>[], settings: object): Promise<ChunkEnd<M>>
  close?(): Promise<void>
}

/** So often in a row may a service take nothing of what it is sent. */
const TRIES_MAX = 6
const FIRST_PAUSE_MS = 100
const PAUSE_MS_MAX = 30_000

const idOf = (...parts: readonly (string | number)[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)

/** Neighbours, within the limits of a sender. */
export const chunksOf = <M extends Message>(
  messages: readonly SentMessage<M>[],
  { messagesMax, bytesMax }: Pick<ChunkLimits, 'messagesMax' | 'bytesMax'>,
  bytesOf: (message: M) => number,
): readonly (readonly SentMessage<M>[])[] => {
  const chunks: SentMessage<M>[][] = []
  let bytes = 0
  for (const message of messages) {
    const size = bytesOf(message)
    const last = chunks.at(-1)
    if (last === undefined || last.length >= messagesMax || bytes + size > bytesMax) {
      chunks.push([message])
      bytes = size
    } else {
      last.push(message)
      bytes += size
    }
  }
  return chunks
}

/** Sends a chunk until all of it is taken. `throttled` is told how many messages were refused. */
const sendChunk = async <M extends Message>(
  clock: Clock,
  sender: Sender<M>,
  chunk: readonly SentMessage<M>[],
  settings: object,
  throttled: (messages: number) => void,
): Promise<void> => {
  let left = chunk
  let tries = 0
  for (;;) {
    const end = await sender.send(left, settings)
    const { again, reason, afterMs = 0 } = end
    throttled(end.throttled ?? 0)
    if (again.length === 0) return
    tries = again.length < left.length ? 1 : tries + 1
    if (tries >= TRIES_MAX)
      throw new MillraceError('OUTPUT_FAILED', {
        problem: `${again.length} messages were not taken, after ${tries} tries: ${reason ?? ''}`,
        value: sender.description,
        retryable: true,
      })
    left = again
    const pauseMs = Math.max(afterMs, FIRST_PAUSE_MS * 2 ** (tries - 1))
    await clock.sleep(Math.min(PAUSE_MS_MAX, pauseMs))
  }
}

/** A {@link Sink} of messages. A partition is sent when it is written. */
export const messageSink = <M extends Message>(
  clock: Clock,
  sender: Sender<M>,
): Sink<readonly M[]> => ({
  description: sender.description,
  isAtomic: false,
  isFenced: false,
  async open({ path, place = path, timeMs, settings = {} }, { app }) {
    let refused = 0
    const throttled = (messages: number): void => {
      refused += messages
    }
    return {
      async write(part, messages) {
        const sent = messages.map((message, index) => ({
          ...message,
          // Not by the path: outputs of two names may have one.
          id: idOf(app, place, timeMs, part, index),
        }))
        const limits = sender.limitsOf(settings)
        const chunks = chunksOf(sent, limits, (message) => sender.bytesOf(message, settings))
        await mapAtOnce(chunks, limits.atOnce, (chunk) =>
          sendChunk(clock, sender, chunk, settings, throttled),
        )
      },
      throttled: () => refused,
      finish: async () => undefined,
      abandon: async () => undefined,
    }
  },
  ...(sender.close === undefined ? {} : { close: () => sender.close?.() ?? Promise.resolve() }),
})
