/**
 * Files that travel as one. A task of an output whose files lie in many directories writes one
 * bundle; its files are put in their places when the batch is committed.
 */
import { decode, encode } from './codec.ts'

/** A file, and the directory in which it belongs: `day=2026-11-30`, with `/` between names. */
export interface BundledFile {
  readonly directory: string
  readonly bytes: Uint8Array
}

/** Files with one extension: `.parquet`. Each has a directory of its own. */
export interface FileBundle {
  readonly extension: string
  readonly files: readonly BundledFile[]
}

/** The bytes of a bundle: the same for the same files. */
export const packFiles = (bundle: FileBundle): Uint8Array => encode(bundle)

/** The bundle that bytes hold. */
export const unpackFiles = (bytes: Uint8Array): FileBundle => decode(bytes) as FileBundle
