import type { FileFormat } from '../file-format.ts'
import { onePart } from '../whole-parts.ts'

/**
 * A file as one element.
 *
 * @example const sizeOf = ({ bytes }: WholeFile): number => bytes.length
 */
export interface WholeFile {
  /** The path below the watched location. */
  readonly path: string
  /** The content, decompressed. */
  readonly bytes: Uint8Array
}

/**
 * Each file is one element. It is in memory while it is read.
 *
 * @example ssc.fileStream('images', { format: wholeFiles() }).map(({ path }) => path)
 */
export const wholeFiles = (): FileFormat<WholeFile> =>
  Object.freeze({
    name: 'wholeFiles',
    settings: Object.freeze({}),
    extension: '',
    reading: Object.freeze({
      shape: 'parts',
      isText: false,
      isSplittable: false,
      open: onePart((bytes, { name: path }) => [{ path, bytes: new Uint8Array(bytes) }]),
    }),
  })
