import { type Dirent, type Stats } from 'node:fs'
import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type ErrorCode, MillraceError } from '../../base/errors.ts'
import type { ObjectContent, ObjectSource, ObjectSummary } from '../../ports/object-source.ts'
import { isHiddenName } from '../../ports/object-names.ts'

/** What {@link localDirectory} is made with. */
export interface LocalDirectoryOptions {
  readonly path: string
  /** Told, once for each name, of an entry that is left out because it cannot be looked at. */
  readonly warn: (message: string) => void
}

/** How many files are looked at at the same time. */
const STATS_AT_ONCE = 256
/** The system reads at most 2 GiB in one call. */
const READ_BYTES_MAX = 1 << 30

const errorCode = (error: unknown): string | undefined =>
  (error as NodeJS.ErrnoException | null)?.code

const failed = (
  code: ErrorCode,
  problem: string,
  value: string,
  fix: string,
  cause: unknown,
): MillraceError => new MillraceError(code, { problem, value, fix, retryable: true, cause })

const directoryError = (error: unknown, path: string): MillraceError => {
  const code = errorCode(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return failed(
      'DIRECTORY_MISSING',
      'The watched directory is not there, or is no directory',
      path,
      'create it, or correct the binding',
      error,
    )
  }
  return failed(
    'OBJECT_UNREADABLE',
    'The watched directory cannot be listed',
    path,
    'make it readable for the user who runs this',
    error,
  )
}

/**
 * The time by which files are chosen. Both listing and reading must round it in the same way, or no
 * file would ever be found again.
 */
const modifiedMsOf = (stats: Stats): number => Math.floor(stats.mtimeMs)

/** Reads as many of the first bytes as are wanted and there. */
const readFirst = async (file: FileHandle, sizeBytes: number): Promise<Uint8Array> => {
  const bytes = new Uint8Array(sizeBytes)
  let end = 0
  while (end < sizeBytes) {
    const { bytesRead } = await file.read(
      bytes,
      end,
      Math.min(sizeBytes - end, READ_BYTES_MAX),
      end,
    )
    if (bytesRead === 0) break
    end += bytesRead
  }
  return bytes.subarray(0, end)
}

const isSame = (stats: Stats, { modifiedMs, sizeBytes }: ObjectSummary): boolean =>
  stats.isFile() && modifiedMsOf(stats) === modifiedMs && stats.size >= sizeBytes

const readListed = async (file: FileHandle, summary: ObjectSummary): Promise<ObjectContent> => {
  if (!isSame(await file.stat(), summary)) return { found: false, gone: 'replaced' }
  const bytes = await readFirst(file, summary.sizeBytes)
  // Again: whoever wrote into the file while it was read has changed its time, or has made it
  // shorter.
  const intact = bytes.length === summary.sizeBytes && isSame(await file.stat(), summary)
  return intact ? { found: true, bytes } : { found: false, gone: 'replaced' }
}

/**
 * The files directly in one directory as an {@link ObjectSource}. The directory may come later, and
 * its files should be moved in when they are complete: a file written in place is taken as far as
 * it has come.
 */
export const localDirectory = ({ path, warn }: LocalDirectoryOptions): ObjectSource => {
  const warned = new Set<string>()

  const warnOnce = (key: string, error: unknown): void => {
    if (warned.has(key)) return
    warned.add(key)
    warn(`left out ${join(path, key)}: ${String(error)}`)
  }
  const summaryOf = async ({ name: key }: Dirent): Promise<readonly ObjectSummary[]> => {
    try {
      const stats = await stat(join(path, key))
      return stats.isFile() ? [{ key, modifiedMs: modifiedMsOf(stats), sizeBytes: stats.size }] : []
    } catch (error) {
      // Removed since the directory was read, or a link to nothing.
      if (errorCode(error) !== 'ENOENT') warnOnce(key, error)
      return []
    }
  }
  const missing = async (): Promise<ObjectContent> => {
    // A whole directory that is away, say on a disk not mounted, may come back: its files must not
    // be given up one by one.
    await readableDirectory(path)
    return { found: false, gone: 'missing' }
  }

  return {
    description: `directory ${path}`,
    async list(): Promise<readonly ObjectSummary[]> {
      const entries = (await entriesOf(path)).filter(
        (entry) => !entry.isDirectory() && !isHiddenName(entry.name),
      )
      const summaries: ObjectSummary[] = []
      for (let i = 0; i < entries.length; i += STATS_AT_ONCE) {
        for (const found of await Promise.all(entries.slice(i, i + STATS_AT_ONCE).map(summaryOf)))
          summaries.push(...found)
      }
      return summaries
    },
    async read(summary: ObjectSummary): Promise<ObjectContent> {
      const { key } = summary
      // A name with a slash is none of ours: it would lead out of the directory.
      if (basename(key) !== key) return { found: false, gone: 'missing' }
      const file = await openListed(join(path, key))
      if (file === undefined) return missing()
      try {
        return await readListed(file, summary)
      } catch (error) {
        throw unreadable(join(path, key), error)
      } finally {
        await file.close()
      }
    },
  }
}

const unreadable = (file: string, cause: unknown): MillraceError =>
  failed(
    'OBJECT_UNREADABLE',
    'A file of the watched directory cannot be read',
    file,
    'make it readable, or remove it',
    cause,
  )

/** The open file, or undefined if it is not there. */
const openListed = async (file: string): Promise<FileHandle | undefined> => {
  try {
    return await open(file, 'r')
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw unreadable(file, error)
  }
}

const entriesOf = async (path: string): Promise<readonly Dirent[]> => {
  try {
    return await readdir(path, { withFileTypes: true })
  } catch (error) {
    throw directoryError(error, path)
  }
}

/** Throws `DIRECTORY_MISSING` unless there is a directory. */
export const readableDirectory = async (path: string): Promise<void> => {
  const stats = await stat(path).catch((error: unknown) => {
    throw directoryError(error, path)
  })
  if (!stats.isDirectory()) throw directoryError({ code: 'ENOTDIR' }, path)
}
