import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { lineSplitter } from '../../formats/line-splitter.ts'
import { LINE_BYTES_MAX } from '../../formats/text-lines.ts'
import type { Receiver, ReceiverSink } from '../../ports/receiver.ts'
import { type DeliveryBuffer, deliveryBuffer } from './delivery-buffer.ts'
import { systemClock } from './system-clock.ts'

/** What {@link socketReceiver} is made with. */
export interface SocketReceiverOptions {
  readonly host: string
  readonly port: number
  /** How long to wait before connecting again. Default 2,000. */
  readonly retryDelayMs?: number
  /** The longest line taken, in bytes. Default: {@link LINE_BYTES_MAX}. */
  readonly lineBytesMax?: number
}

/**
 * How much is split at a time: as every byte may be a line of its own, a delivery outgrows its
 * limit by at most so many records.
 */
const SLICE_BYTES = 4 * 1024
const RECORDS_MAX = 10_000
/** Spark's block interval is 200 ms; a little less keeps what people type from feeling late. */
const LIMITS = {
  recordsMax: RECORDS_MAX - SLICE_BYTES,
  bytesMax: 1024 * 1024,
  intervalMs: 150,
} as const
/** By this we notice a peer that has gone without a word. */
const KEEP_ALIVE_MS = 30_000

/** Errors: whatever the network says. */
const connectTo = async (host: string, port: number, signal: AbortSignal): Promise<Socket> => {
  const socket = connect({ host, port, signal })
  // Whoever reads from the socket hears of errors in another way; without a listener one that comes
  // before would end the process.
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket.setKeepAlive(true, KEEP_ALIVE_MS)
}

/**
 * Reads to the end of the connection. The last line counts without an end, but only if the peer has
 * ended, and not the network.
 */
const readLines = async (
  socket: Socket,
  buffer: DeliveryBuffer,
  lineBytesMax: number,
): Promise<void> => {
  const splitter = lineSplitter({ lineBytesMax })
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; at += SLICE_BYTES) {
      const slice = chunk.subarray(at, at + SLICE_BYTES)
      buffer.add(splitter.push(slice), slice.length)
      // Nothing is read meanwhile, so that the sender comes to feel it.
      if (buffer.isFull) await buffer.flush()
    }
  }
  buffer.add(splitter.end(), 0)
}

const reasonOf = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException
  return code ?? message
}

/** How a connection went. */
interface Outcome {
  readonly how: 'refused' | 'lost' | 'ended'
  readonly message: string
}

/**
 * A {@link Receiver} of lines of text from a TCP server, such as `nc -lk 9999`. What is lost on the
 * way while there is no connection cannot be had again. When stopped, it closes the connection at
 * once and stores the whole lines that have arrived.
 */
export const socketReceiver = ({
  host,
  port,
  retryDelayMs = 2_000,
  lineBytesMax = LINE_BYTES_MAX,
}: SocketReceiverOptions): Receiver => {
  const description = `socket ${host}:${port}`
  const clock = systemClock()

  const oneConnection = async (
    buffer: DeliveryBuffer,
    sink: ReceiverSink,
    signal: AbortSignal,
  ): Promise<Outcome> => {
    let socket: Socket | undefined
    try {
      socket = await connectTo(host, port, signal)
      sink.report(`${description} connected`)
      await readLines(socket, buffer, lineBytesMax)
      return { how: 'ended', message: `${description} has ended the connection` }
    } catch (error) {
      return socket === undefined
        ? { how: 'refused', message: `${description} cannot be reached (${reasonOf(error)})` }
        : { how: 'lost', message: `${description} was lost (${reasonOf(error)})` }
    } finally {
      socket?.destroy()
      // Rejects if the sink has: then there is no going on.
      await buffer.flush()
    }
  }

  const run: Receiver['run'] = async (sink, { signal, untilEnd }) => {
    const failure = new AbortController()
    const stop = AbortSignal.any([signal, failure.signal])
    const buffer = deliveryBuffer(sink, LIMITS, () => failure.abort())
    let said = ''
    try {
      while (!stop.aborted) {
        const { how, message } = await oneConnection(buffer, sink, stop)
        if (stop.aborted || (untilEnd && how === 'ended')) return
        // Not every 2 s the same.
        if (how !== 'refused' || message !== said)
          sink.report(`${message}; trying again every ${retryDelayMs} ms`)
        said = message
        await clock.sleep(retryDelayMs, stop)
      }
    } finally {
      buffer.close()
    }
  }
  return { description, run }
}
