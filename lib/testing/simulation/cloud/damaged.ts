/** Compressed objects that cannot be read: nothing of them may count. */
import { gzipSync } from 'node:zlib'

const whole = gzipSync('apple\npear\nfig\n'.repeat(20))
const second = gzipSync('zebra\n')

const withBadChecksum = (bytes: Uint8Array): Uint8Array => {
  const copy = new Uint8Array(bytes)
  // The last eight bytes are the checksum and the length.
  const at = copy.length - 8
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

/** Cut off, with a wrong checksum, cut off in a later part, and with far more than may be in it. */
export const DAMAGED_FORMS: readonly Uint8Array[] = [
  whole.subarray(0, -12),
  withBadChecksum(whole),
  Buffer.concat([whole, second.subarray(0, -3)]),
  Buffer.concat([whole, withBadChecksum(second)]),
  gzipSync(new Uint8Array(1_500_000)),
]
