import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { lineSplitter } from '../../formats/line-splitter.ts'
import { LINE_BYTES_MAX } from '../../formats/text-lines.ts'
import type { Receiver, ReceiverSink } from '../../ports/receiver.ts'
import { type DeliveryBuffer, deliveryBuffer } from './delivery-buffer.ts'
import { systemClock } from './system-clock.ts'

/** Settings of {@link socketReceiver}. */
export interface SocketReceiverOptions {
  readonly host: string
  readonly port: number
  /** The pause before it connects again. Default 2,000. */
  readonly retryDelayMs?: number
  /** The longest line accepted, in bytes. Default: {@link LINE_BYTES_MAX}. */
  readonly lineBytesMax?: number
}

/**
 * The number of bytes split at a time. Each byte may be a line, so a delivery exceeds its limit by
 * at most this many records.
 */
const SLICE_BYTES = 4 * 1024
const RECORDS_MAX = 10_000
/** Spark's block interval is 200 ms. A little less makes typed lines feel immediate. */
const LIMITS = {
  recordsMax: RECORDS_MAX - SLICE_BYTES,
  bytesMax: 1024 * 1024,
  intervalMs: 150,
} as const
/** Keep-alive detects a peer that is gone without closing the connection. */
const KEEP_ALIVE_MS = 30_000

/** Errors: those of the network. */
const connectTo = async (host: string, port: number, signal: AbortSignal): Promise<Socket> => {
  const socket = connect({ host, port, signal })
  // The code that reads from the socket gets errors in another way. Without this listener, an
  // earlier error would end the process.
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket.setKeepAlive(true, KEEP_ALIVE_MS)
}

/**
 * Reads to the end of the connection. A last line without a line end counts only if the peer closed
 * the connection, not if the network failed.
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
      // Nothing is read during this time, so that the sender slows down.
      if (buffer.isFull) await buffer.flush()
    }
  }
  buffer.add(splitter.end(), 0)
}

const reasonOf = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException
  return code ?? message
}

/** How a connection ended. */
interface Outcome {
  readonly how: 'refused' | 'lost' | 'ended'
  readonly message: string
}

/**
 * A {@link Receiver} of lines of text from a TCP server, such as `nc -lk 9999`. Lines that are sent
 * while there is no connection are lost. When stopped, it closes the connection at once and stores
 * the complete lines that have arrived.
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
      // Rejects if the sink has rejected: then the receiver cannot continue.
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
        // The same message is not repeated every 2 s.
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
