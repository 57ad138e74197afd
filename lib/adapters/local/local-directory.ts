import { constants, type Dirent, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, realpath, stat } from 'node:fs/promises'
import { basename, isAbsolute, join, relative, sep } from 'node:path'
import { type ErrorCode, MillraceError } from '../../base/errors.ts'
import type {
  ByteRange,
  ObjectContent,
  ObjectSource,
  ObjectSummary,
} from '../../ports/object-source.ts'
import { isHiddenName } from '../../ports/object-names.ts'
import { DirectoryListing, modifiedMsOf, type Stability } from './directory-listing.ts'
import { type LeaveOut, leaveOutOnce } from './left-out.ts'

/** Settings of {@link localDirectory}. */
export interface LocalDirectoryOptions {
  readonly path: string
  /** Called once for each name that is left out, with the reason. */
  readonly warn: (message: string) => void
  /** Says what is left out, in place of `warn`: for several directories together. */
  readonly leaveOut?: LeaveOut
  /** Links may lead anywhere below this directory. Default: `path`. */
  readonly root?: string
  /** Whether a file of this name is watched. Default: the names that are not hidden. */
  readonly isWatched?: (name: string) => boolean
  /** When a file counts as complete. Default: at once, as in Spark. */
  readonly stability?: Stability
}

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

/** Reads a range of a file, as far as the file has it. */
const readRange = async (file: FileHandle, { from, to }: ByteRange): Promise<Uint8Array> => {
  const bytes = new Uint8Array(to - from)
  let end = 0
  while (end < bytes.length) {
    const length = Math.min(bytes.length - end, READ_BYTES_MAX)
    const { bytesRead } = await file.read(bytes, end, length, from + end)
    if (bytesRead === 0) break
    end += bytesRead
  }
  return bytes.subarray(0, end)
}

const isSame = (stats: Stats, { modifiedMs, sizeBytes }: ObjectSummary): boolean =>
  stats.isFile() && modifiedMsOf(stats) === modifiedMs && stats.size >= sizeBytes

const readListed = async (
  file: FileHandle,
  summary: ObjectSummary,
  { from, to }: ByteRange = { from: 0, to: Infinity },
): Promise<ObjectContent> => {
  if (!isSame(await file.stat(), summary)) return { found: false, gone: 'replaced' }
  const range = { from, to: Math.max(from, Math.min(to, summary.sizeBytes)) }
  const bytes = await readRange(file, range)
  // Checked again: a program that wrote to the file during the read has changed its time or has
  // made it shorter.
  const isWhole = bytes.length === range.to - range.from
  const intact = isWhole && isSame(await file.stat(), summary)
  return intact ? { found: true, bytes } : { found: false, gone: 'replaced' }
}

const kindOf = (entry: Dirent | Stats): string => {
  if (entry.isFIFO()) return 'a FIFO'
  return entry.isSocket() ? 'a socket' : 'a device'
}

const LEADS_OUT = 'it is a link that leads out of the watched directory'

/** Whether a real path is below a directory. */
export const isBelow = async (directory: string, path: string): Promise<boolean> => {
  const way = relative(await realpath(directory), path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/**
 * The files directly in one directory as an {@link ObjectSource}. The directory may appear later.
 * Files should be moved in when they are complete: a file that is written in place is read as far
 * as it is written.
 *
 * Whoever can write in the directory must not be able to do more than give files. So links that
 * lead out of it, FIFOs, sockets and devices are left out. What is opened is checked again, since
 * anything may take the place of a file after it was listed.
 */
export const localDirectory = (options: LocalDirectoryOptions): ObjectSource => {
  const { path, warn, root = path, stability = { forMs: 0 } } = options
  const { isWatched = (name) => !isHiddenName(name) } = options
  const { leaveOut = leaveOutOnce(warn) } = options

  /** The status of what an entry stands for. Undefined: it is left out. */
  const statusOf = async (entry: Dirent, file: string): Promise<Stats | undefined> => {
    if (!entry.isSymbolicLink()) return lstat(file)
    const target = await realpath(file)
    if (await isBelow(root, target)) return lstat(target)
    leaveOut(file, LEADS_OUT)
    return undefined
  }
  const fileStatus = async (entry: Dirent): Promise<Stats | undefined> => {
    const file = join(path, entry.name)
    try {
      const stats = await statusOf(entry, file)
      if (stats?.isFile() === true) return stats
      if (stats !== undefined && !stats.isDirectory() && !stats.isSymbolicLink())
        leaveOut(file, `it is ${kindOf(stats)}, and not a file`)
    } catch (error) {
      // Removed after the directory was read, or a broken link.
      if (errorCode(error) !== 'ENOENT') leaveOut(file, String(error))
    }
    return undefined
  }
  const listing = new DirectoryListing({
    path,
    isWatched: (entry) => !entry.isDirectory() && isWatched(entry.name),
    statusOf: fileStatus,
    failed: (error) => {
      throw directoryError(error, path)
    },
    stability,
  })
  const missing = async (): Promise<ObjectContent> => {
    // If the whole directory is missing, for example because a disk is not mounted, it may come
    // back. Its files must not be reported as gone one by one.
    await readableDirectory(path)
    return { found: false, gone: 'missing' }
  }

  return {
    description: `directory ${path}`,
    list: () => listing.list(),
    moving: () => listing.moving,
    aheadMs: () => listing.aheadMs,
    async read(summary: ObjectSummary, range?: ByteRange): Promise<ObjectContent> {
      const { key } = summary
      // A name with a slash is not from this listing: it would leave the directory.
      if (basename(key) !== key) return { found: false, gone: 'missing' }
      const opened = await openListed(join(path, key), root)
      if (opened === 'missing') return missing()
      if (opened === 'replaced') return { found: false, gone: 'replaced' }
      try {
        return await readListed(opened, summary, range)
      } catch (error) {
        throw unreadable(join(path, key), error)
      } finally {
        await opened.close()
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

/** No link is followed, and a FIFO without a writer does not block. Windows has neither. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** What an attempt to open says of a file that is there no more. */
const GONE: Readonly<Record<string, 'missing' | 'replaced'>> = {
  ENOENT: 'missing',
  ENOTDIR: 'missing',
  // A link, or links that lead to each other.
  ELOOP: 'replaced',
  // A socket, or a device without a driver.
  ENXIO: 'replaced',
  EOPNOTSUPP: 'replaced',
  ENODEV: 'replaced',
}

/** The open file. It may be anything that has the name now: its status says what. */
const openListed = async (
  file: string,
  root: string,
): Promise<FileHandle | 'missing' | 'replaced'> => {
  try {
    const real = await realpath(file)
    return (await isBelow(root, real)) ? await open(real, OPEN_FLAGS) : 'replaced'
  } catch (error) {
    const gone = GONE[errorCode(error) ?? '']
    if (gone !== undefined) return gone
    throw unreadable(file, error)
  }
}

/** Throws `DIRECTORY_MISSING` unless the directory exists. */
export const readableDirectory = async (path: string): Promise<void> => {
  const stats = await stat(path).catch((error: unknown) => {
    throw directoryError(error, path)
  })
  if (!stats.isDirectory()) throw directoryError({ code: 'ENOTDIR' }, path)
}
