import { type Dirent, type Stats } from 'node:fs'
import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type ErrorCode, MillraceError } from '../../base/errors.ts'
import type { ObjectContent, ObjectSource, ObjectSummary } from '../../ports/object-source.ts'
import { isHiddenName } from '../../ports/object-names.ts'

/** Settings of {@link localDirectory}. */
export interface LocalDirectoryOptions {
  readonly path: string
  /** Called once for each name that is left out because its status cannot be read. */
  readonly warn: (message: string) => void
}

/** The number of files whose status is read at the same time. */
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
      'The watched directory does not exist, or is not a directory',
      path,
      'create it, or correct the binding',
      error,
    )
  }
  return failed(
    'OBJECT_UNREADABLE',
    'The watched directory cannot be listed',
    path,
    'make it readable for the user of this process',
    error,
  )
}

/**
 * The time by which files are selected. Listing and reading must round it in the same way;
 * otherwise no listed file could be read.
 */
const modifiedMsOf = (stats: Stats): number => Math.floor(stats.mtimeMs)

/** Reads the first bytes of a file, up to the given number. */
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
  // Checked again: a program that wrote to the file during the read has changed its time or has
  // made it shorter.
  const intact = bytes.length === summary.sizeBytes && isSame(await file.stat(), summary)
  return intact ? { found: true, bytes } : { found: false, gone: 'replaced' }
}

/**
 * The files directly in one directory as an {@link ObjectSource}. The directory may appear later.
 * Files should be moved in when they are complete: a file that is written in place is read as far
 * as it is written.
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
      // Removed after the directory was read, or a broken link.
      if (errorCode(error) !== 'ENOENT') warnOnce(key, error)
      return []
    }
  }
  const missing = async (): Promise<ObjectContent> => {
    // If the whole directory is missing, for example because a disk is not mounted, it may come
    // back. Its files must not be reported as gone one by one.
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
      // A name with a slash is not from this listing: it would leave the directory.
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

/** The open file; undefined if it does not exist. */
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

/** Throws `DIRECTORY_MISSING` unless the directory exists. */
export const readableDirectory = async (path: string): Promise<void> => {
  const stats = await stat(path).catch((error: unknown) => {
    throw directoryError(error, path)
  })
  if (!stats.isDirectory()) throw directoryError({ code: 'ENOTDIR' }, path)
}
