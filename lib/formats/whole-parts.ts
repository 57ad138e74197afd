import type { FilePart, SizedFile } from './file-format.ts'

/** The one part of a file that is read as a whole. */
export const onePart =
  (recordsOf: (bytes: Uint8Array, file: SizedFile) => readonly unknown[]) =>
  async (file: SizedFile): Promise<readonly FilePart[]> => [
    {
      sizeBytes: file.sizeBytes,
      from: 0,
      read: async () => recordsOf(await file.read(0, file.sizeBytes), file),
    },
  ]
