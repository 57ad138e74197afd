/** Errors about files that are put aside as a whole. */
import { isMillraceError, MillraceError } from '../base/errors.ts'
import type { Compression, FileLabels } from './compression.ts'
import { contentBytesMax, type FileLimits } from './file-limits.ts'

type FileErrorCode = 'OBJECT_CORRUPT' | 'OBJECT_TOO_LARGE' | 'OBJECT_UNSUPPORTED'

const CODES: readonly string[] = [
  'OBJECT_CORRUPT',
  'OBJECT_TOO_LARGE',
  'OBJECT_UNSUPPORTED',
] satisfies readonly FileErrorCode[]

/** Whether an error is about the content of a file, and not about reading it. */
export const isFileError = (error: unknown): error is MillraceError =>
  isMillraceError(error) && CODES.includes(error.code)

const fileError = (
  code: FileErrorCode,
  { name }: FileLabels,
  problem: string,
  parts: { readonly allowed?: string; readonly fix: string; readonly cause?: unknown },
): MillraceError => new MillraceError(code, { problem, value: name, ...parts })

export const tooLarge = (file: FileLabels, has: string, allowed: string): MillraceError =>
  fileError('OBJECT_TOO_LARGE', file, `A file ${has}, and is put aside whole`, {
    allowed: `at most ${allowed}`,
    fix:
      'if the file is right, allow more with the option limits of the source, give the driver ' +
      'enough memory for it, and redrive the file; or write smaller files',
  })

/** The content of a file of some bytes is larger than the limits allow. */
export const contentTooLarge = (
  file: FileLabels,
  sizeBytes: number,
  limits: FileLimits,
): MillraceError => {
  const most = contentBytesMax(sizeBytes, limits)
  const has = `of ${sizeBytes} bytes has more than ${most} bytes after decompression`
  return most < limits.bytes
    ? tooLarge(file, has, `${limits.ratio} times its size: limits.ratio`)
    : tooLarge(file, has, `${most} bytes: limits.bytes`)
}

export const corrupt = (file: FileLabels, problem: string, cause?: unknown): MillraceError =>
  fileError('OBJECT_CORRUPT', file, problem, {
    fix: 'write the file again; the whole file is put aside, and nothing of it is counted',
    ...(cause === undefined ? {} : { cause }),
  })

/** The error of a part of a file. Of a large file, other parts may have been counted. */
export const corruptPart = (file: FileLabels, problem: string, cause: unknown): MillraceError =>
  fileError('OBJECT_CORRUPT', file, problem, {
    fix: 'write the file again; of a large file, only this part is put aside',
    cause,
  })

export const unsupported = (file: FileLabels, name: string): MillraceError =>
  fileError('OBJECT_UNSUPPORTED', file, `A file holds ${name} data, which is not read as text`, {
    allowed: 'UTF-8 or UTF-16, plain or compressed with gzip or zstd',
    fix: 'write the file anew, or read it with fileStream() and a function of your own',
  })

export const cutOff = (compression: Compression): string =>
  `The ${compression} data of a file is cut off`

/** What an error of decompression says about its file. */
export const undecodable = (
  file: FileLabels,
  compression: Compression,
  error: unknown,
): MillraceError => {
  const isCutOff = (error as NodeJS.ErrnoException | undefined)?.code === 'Z_BUF_ERROR'
  const problem = isCutOff ? cutOff(compression) : `The ${compression} data of a file is damaged`
  return corrupt(file, problem, error)
}
