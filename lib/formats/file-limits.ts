/** How large the content of a file may be. */

/** Limits of the content of one file. */
export interface FileLimits {
  /** The largest content, in bytes after decompression. */
  readonly bytes: number
  /** The largest content of a compressed file, as a multiple of its size. */
  readonly ratio: number
  /** The largest file that is read in parts. Left out: it may be of any size. */
  readonly dividedBytes?: number
}

/** 512 MiB, and 200 times the compressed size. */
export const FILE_LIMITS: FileLimits = Object.freeze({ bytes: 512 * 1024 * 1024, ratio: 200 })

/** A file whose content is no larger is never refused because of its ratio. */
const RATIO_FREE_BYTES = 1024 * 1024

/** The largest content that a file of some bytes may have after decompression. */
export const contentBytesMax = (sizeBytes: number, limits: FileLimits): number =>
  Math.min(limits.bytes, Math.max(limits.ratio * sizeBytes, RATIO_FREE_BYTES))
