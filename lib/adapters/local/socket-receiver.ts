import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { LINE_BYTES_MAX } from '../../formats/text-lines.ts'
import type { Receiver, ReceiverSink } from '../../ports/receiver.ts'
import { type DeliveryBuffer, deliveryBuffer } from './delivery-buffer.ts'
import { LINE_LIMITS, readLines } from './read-lines.ts'
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
    const buffer = deliveryBuffer(sink, LINE_LIMITS, () => failure.abort())
    let said = ''
    try {
      while (!stop.aborted) {
        const { how, message } = await oneConnection(buffer, sink, stop)
        if (stop.aborted || (untilEnd && how === 'ended')) return
        // The same message is not repeated every 2 s.
        if (how !== 'refused' || message !== said)
          sink.report(`${message}; trying again every ${retryDelayMs} ms`, message)
        said = message
        await clock.sleep(retryDelayMs, stop)
      }
    } finally {
      buffer.close()
    }
  }
  return { description, run }
}
