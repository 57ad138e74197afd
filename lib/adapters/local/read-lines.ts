import { lineSplitter } from '../../formats/line-splitter.ts'
import type { DeliveryBuffer, DeliveryLimits } from './delivery-buffer.ts'

/**
 * The number of bytes split at a time. Each byte may be a line, so a delivery exceeds its limit by
 * at most this many records.
 */
const SLICE_BYTES = 4 * 1024
const RECORDS_MAX = 10_000

/**
 * When a receiver of lines delivers. Spark's block interval is 200 ms. A little less makes typed
 * lines feel immediate.
 */
export const LINE_LIMITS: DeliveryLimits = {
  recordsMax: RECORDS_MAX - SLICE_BYTES,
  bytesMax: 1024 * 1024,
  intervalMs: 150,
}

/**
 * Reads lines into a buffer, to the end of what comes. Nothing is read while the buffer is full, so
 * that the sender slows down. A last line without a line end counts only if the sender has ended,
 * and not if this fails.
 */
export const readLines = async (
  chunks: AsyncIterable<Buffer>,
  buffer: DeliveryBuffer,
  lineBytesMax: number,
): Promise<void> => {
  const splitter = lineSplitter({ lineBytesMax })
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += SLICE_BYTES) {
      const slice = chunk.subarray(at, at + SLICE_BYTES)
      buffer.add(splitter.push(slice), slice.length)
      if (buffer.isFull) await buffer.flush()
    }
  }
  buffer.add(splitter.end(), 0)
}
