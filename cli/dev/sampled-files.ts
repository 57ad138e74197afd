/**
 * The first records of a directory: some of its files, and the first lines of large ones. Text is
 * cut at the end of a line. Other files are read whole.
 */
import type { ObjectSource, ObjectSummary } from '../../lib/ports/object-source.ts'

const FILES_MAX = 20
/** So many bytes of a file are looked at for ends of lines. */
const HEAD_BYTES_MAX = 4 * 1024 * 1024
const LINE_END = 0x0a

/** The beginning of a text that has so many lines. Undefined: it is no text, or has fewer. */
const cutAt = (bytes: Uint8Array, lines: number): number | undefined => {
  // No text has a zero byte. What is compressed, or of a format of its own, has one very soon.
  if (bytes.subarray(0, 8_192).includes(0)) return undefined
  let end = -1
  for (let line = 0; line < lines; line++) {
    const next = bytes.indexOf(LINE_END, end + 1)
    if (next === -1) return undefined
    end = next
  }
  return end + 1
}

const linesIn = (bytes: Uint8Array): number => {
  let lines = 0
  for (const byte of bytes) if (byte === LINE_END) lines += 1
  return Math.max(1, lines)
}

/**
 * The first files of a source, with about so many records. They count as named by the user, however
 * old they are, and none is newer than `nowMs`.
 */
export const sampledFiles = (
  source: ObjectSource,
  { records, nowMs }: { readonly records: number; readonly nowMs: number },
): ObjectSource => {
  /** What was listed, by key: the sample has other sizes and times. */
  let listed = new Map<string, ObjectSummary>()

  const sampleOf = async (file: ObjectSummary, left: number): Promise<[ObjectSummary, number]> => {
    const range = { from: 0, to: Math.min(file.sizeBytes, HEAD_BYTES_MAX) }
    const content = await source.read(file, range)
    if (!content.found) return [file, 0]
    const cut = cutAt(content.bytes, left)
    const lines = cut === undefined ? linesIn(content.bytes) : left
    return [{ ...file, sizeBytes: cut ?? file.sizeBytes }, lines]
  }

  return {
    description: source.description,
    isNamed: true,
    async list() {
      const files = (await source.list()).toSorted(
        (a, b) => a.modifiedMs - b.modifiedMs || (a.key < b.key ? -1 : 1),
      )
      listed = new Map(files.map((file) => [file.key, file]))
      const sample: ObjectSummary[] = []
      let left = records
      for (const file of files.slice(0, FILES_MAX)) {
        if (left <= 0) break
        const [cut, lines] = await sampleOf(file, left)
        sample.push({ ...cut, modifiedMs: Math.min(file.modifiedMs, nowMs) })
        left -= lines
      }
      return sample
    },
    async read(file, range) {
      const whole = listed.get(file.key)
      if (whole === undefined) return { found: false, gone: 'missing' }
      const end = Math.min(range?.to ?? file.sizeBytes, file.sizeBytes)
      return source.read(whole, { from: range?.from ?? 0, to: end })
    },
  }
}
