/**
 * Files that were put aside as a whole and are redriven. A lane holds references to them, and the
 * source reads the files again. If one is gone, it is put aside again with that reason.
 */
import { allOrFirstError } from '../../base/concurrency.ts'
import { MillraceError } from '../../base/errors.ts'
import type { Partition } from '../../rdd/partition.ts'
import type { Block } from '../../state/blocks.ts'
import {
  deadLetterOfFile,
  type FileReference,
  positionOfGoneFile,
} from '../../state/dead-letters.ts'
import type { PutAside, SourceReader } from './source-reader.ts'

/** The elements of the files that a block names, file by file. */
export const readFilesAgain = async (
  source: string,
  { records }: Pick<Block, 'records'>,
  readAgain: SourceReader['readAgain'],
  putAside: PutAside,
): Promise<readonly Partition<unknown>[]> => {
  const read = await allOrFirstError(
    (records as readonly FileReference[]).map(async (file) => {
      const elements = await readAgain?.(file, putAside)
      if (elements?.found === true) return [elements.partition]
      const reason =
        elements === undefined ? 'its source reads no files now' : `it is ${elements.gone} now`
      putAside(deadLetterOfFile(source, file, gone(file, reason), positionOfGoneFile(file)))
      return []
    }),
  )
  return read.flat()
}

const gone = ({ key }: FileReference, reason: string): MillraceError =>
  new MillraceError('OBJECT_GONE', {
    problem: `A file that was redriven cannot be read again: ${reason}`,
    value: key,
    fix: 'bring the file back under another name, as a new file',
  })
