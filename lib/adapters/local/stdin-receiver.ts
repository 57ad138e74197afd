import { addAbortSignal, PassThrough, type Readable } from 'node:stream'
import { LINE_BYTES_MAX } from '../../formats/text-lines.ts'
import type { Receiver } from '../../ports/receiver.ts'
import { deliveryBuffer } from './delivery-buffer.ts'
import { LINE_LIMITS, readLines } from './read-lines.ts'

/** Settings of {@link stdinReceiver}. */
export interface StdinReceiverOptions {
  /** Default: the standard input of this process. */
  readonly input?: Readable
  /** The longest line accepted, in bytes. Default: {@link LINE_BYTES_MAX}. */
  readonly lineBytesMax?: number
}

/**
 * A {@link Receiver} of the lines of the standard input. It cannot be read again: lines that were
 * read and are not stored when the process ends are lost. It ends with the input.
 */
export const stdinReceiver = ({
  input = process.stdin,
  lineBytesMax = LINE_BYTES_MAX,
}: StdinReceiverOptions = {}): Receiver => ({
  description: 'the standard input',
  async run(sink, { signal, untilEnd }) {
    const failure = new AbortController()
    const stop = AbortSignal.any([signal, failure.signal])
    const buffer = deliveryBuffer(sink, LINE_LIMITS, () => failure.abort())
    // A stop ends this copy, and leaves the input of the process as it is.
    const copy = input.pipe(new PassThrough())
    try {
      await readLines(addAbortSignal(stop, copy), buffer, lineBytesMax)
      if (!untilEnd) sink.report('the standard input has ended; with --once the run would end here')
    } catch (error) {
      if (!stop.aborted) sink.report(`the standard input cannot be read: ${String(error)}`)
    } finally {
      input.unpipe(copy)
      input.pause()
      await buffer.flush().finally(() => buffer.close())
    }
  },
})
