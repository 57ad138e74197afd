/** The compressions that Node has. Snappy is a part of the library; LZ4 and LZO are not read. */
import type { Compressors } from 'hyparquet'
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'

type Decompress = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array

const within =
  (decompress: Decompress) =>
  (bytes: Uint8Array, outputBytes: number): Uint8Array =>
    decompress(bytes, { maxOutputLength: Math.max(1, outputBytes) })

/** By the names of Parquet. */
export const compressors: Compressors = {
  GZIP: within(gunzipSync),
  ZSTD: within(zstdDecompressSync),
  BROTLI: within(brotliDecompressSync),
}
