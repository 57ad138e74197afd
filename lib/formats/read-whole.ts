import { fileContent, fileText, type StoredFile } from './file-content.ts'
import { fileInMemory, type FileDivision } from './file-format.ts'
import type { FileLimits } from './file-limits.ts'

/**
 * All records of a file that is in memory, decompressed within the limits.
 *
 * @throws MillraceError as `fileText` and `fileContent`, and any error of the format.
 */
export const readWhole = async (
  format: FileDivision,
  stored: StoredFile,
  limits: FileLimits,
): Promise<readonly unknown[]> => {
  const pieces = [...(format.isText ? fileText(stored, limits) : fileContent(stored, limits))]
  const bytes = pieces.length === 1 ? pieces[0] : Buffer.concat(pieces)
  const parts = await format.open(fileInMemory(stored.name, bytes ?? new Uint8Array()))
  const [first] = parts
  if (parts.length === 1 && first !== undefined) return first.read()
  const all: unknown[] = []
  for (const part of parts) for (const record of await part.read()) all.push(record)
  return all
}
