/**
 * Writes text files of batches to a directory. The order of the steps keeps the promises of the
 * port:
 *
 * 1. Refuse an older fence early.
 * 2. Write all files into a hidden directory next to the target, and sync them. Readers do not see
 *    them, and a crash leaves only garbage. `_ATTEMPT` names the attempt and its parts.
 * 3. In one synchronous run, check the fence again, move the old directory aside, and rename the
 *    new one to the target. A reader sees the old directory, no directory, or the new one.
 * 4. Sync the names, and remove what was moved aside. A crash before this leaves a hidden directory
 *    that the next write of this path removes.
 * 5. After the commit, rename `_ATTEMPT` to `_SUCCESS`. A batch that is given up never has it. The
 *    files of a batch with `spreadTo` come to their directories before: see spread-files.ts.
 *
 * Step 3 is not interrupted by this process. The lock of the store keeps attempts in other
 * processes away. For processes that do not share a store, the fence of the directory that was
 * moved aside is read again. If it is newer, the directory is moved back.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmdirSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isMillraceError, MillraceError } from '../../base/errors.ts'
import type { Fence } from '../../ports/fence.ts'
import type { OpenBatch, Sink, SinkBatch } from '../../ports/sink.ts'
import {
  ATTEMPT_FILE,
  checkReplaceable,
  isOf,
  outputNames,
  partName,
  partNames,
  SUCCESS_FILE,
  successOf,
} from '../output-layout.ts'
import { makeDurableDirectory, syncDirectory, writeDurably } from './durable-directory.ts'
import { fixOfFileError } from './file-errors.ts'
import { keepFormer, spreadLocalFiles, spreadRootIn } from './local-spread.ts'
import { isDiskFull } from './sqlite-errors.ts'

/** Settings of {@link localFiles}. */
export interface LocalFilesOptions {
  /** The directory of all outputs. Created if needed. */
  readonly root: string
}

const errorCode = (error: unknown): string | undefined =>
  (error as NodeJS.ErrnoException | null)?.code

const outputError = (error: unknown, target: string): MillraceError => {
  if (isMillraceError(error)) return error
  return isDiskFull(error)
    ? new MillraceError('STORE_FULL', {
        problem: 'The disk of an output is full',
        value: target,
        fix: 'free some space on the disk; the batch is retried',
        cause: error,
      })
    : new MillraceError('OUTPUT_FAILED', {
        problem: 'An output could not be written',
        value: target,
        ...fixOfFileError(error),
        retryable: true,
        cause: error,
      })
}

/** Hidden directories of this process that are in use. */
const inUse = new Set<string>()

const hiddenPrefix = (target: string): string => `.${basename(target)}~`
/** The text after the prefix. All of it is compared, because `a` and `a~b` are two outputs. */
const HIDDEN_SUFFIX = /^[0-9a-f]{16}$/
const hiddenSibling = (target: string): string =>
  join(dirname(target), hiddenPrefix(target) + randomBytes(8).toString('hex'))

/**
 * The existing output under a name: none, or its `_SUCCESS` or `_ATTEMPT` file if it has one. An
 * empty directory counts as none.
 */
const readExisting = (
  target: string,
): { readonly there: boolean; readonly success?: Uint8Array } => {
  try {
    for (const file of [SUCCESS_FILE, ATTEMPT_FILE].map((name) => join(target, name)))
      if (existsSync(file)) return { there: true, success: readFileSync(file) }
    return { there: readdirSync(target).length > 0 }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return { there: false }
    // There is a file instead of a directory.
    if (errorCode(error) === 'ENOTDIR') return { there: true }
    throw error
  }
}

/** Errors: `OUTPUT_EXISTS`, `OUTPUT_FENCED`. Returns whether there is an output to replace. */
const mustReplace = (path: string, target: string, fence: Fence): boolean => {
  const { there, success } = readExisting(target)
  if (there) checkReplaceable(path, success, fence)
  return there
}

/**
 * Step 3. Returns the directory with the replaced content, if there was any. It is synchronous, so
 * that no other attempt can run in between.
 */
const putInPlace = (
  path: string,
  target: string,
  written: string,
  fence: Fence,
): string | undefined => {
  if (!mustReplace(path, target, fence)) {
    if (existsSync(target)) rmdirSync(target)
    renameSync(written, target)
    return undefined
  }
  const aside = hiddenSibling(target)
  renameSync(target, aside)
  try {
    mustReplace(path, aside, fence)
    renameSync(written, target)
  } catch (error) {
    renameSync(aside, target)
    throw error
  }
  return aside
}

/** Removes a hidden directory as far as possible. The next write of this path finds what stays. */
const discard = async (directory: string, target: string): Promise<void> => {
  // Renamed first. If its attempt still runs in another process, that attempt then fails as a whole
  // and does not lose single parts.
  const claimed = hiddenSibling(target)
  inUse.add(claimed)
  await rename(directory, claimed)
    .then(() => rm(claimed, { recursive: true, force: true }))
    .catch(() => undefined)
  inUse.delete(claimed)
}

/** Removes what attempts that have ended left next to the target. */
const removeLeftovers = async (target: string): Promise<void> => {
  const parent = dirname(target)
  const prefix = hiddenPrefix(target)
  const isLeftover = (name: string): boolean =>
    name.startsWith(prefix) && HIDDEN_SUFFIX.test(name.slice(prefix.length))
  const leftovers = (await readdir(parent)).filter(isLeftover).map((name) => join(parent, name))
  for (const leftover of leftovers) if (!inUse.has(leftover)) await discard(leftover, target)
}

/** A {@link Sink} of files in a directory tree of this machine. */
export const localFiles = ({ root }: LocalFilesOptions): Sink<Uint8Array> => ({
  description: `directory ${root}`,
  async open({ path, spreadTo }: SinkBatch, fence: Fence): Promise<OpenBatch<Uint8Array>> {
    const target = join(root, ...outputNames(path))
    const batch = new LocalBatch({ path, spreadTo, target, fence })
    await batch.begin()
    return batch
  },
  async publish({ path, timeMs }: SinkBatch, fence: Fence): Promise<void> {
    const target = join(root, ...outputNames(path))
    try {
      const spreadTo = spreadRootIn(target)
      if (spreadTo === undefined) publishAt(path, target, fence)
      else await spreadLocalFiles({ root, target, path, timeMs, spreadTo, fence })
    } catch (error) {
      throw outputError(error, target)
    }
  },
})

/** Step 5. It is synchronous, so that no other attempt can run in between. */
const publishAt = (path: string, target: string, fence: Fence): void => {
  const attempt = join(target, ATTEMPT_FILE)
  // It is published already, or its owner has moved it away.
  if (!existsSync(attempt)) return
  const success = readFileSync(attempt)
  checkReplaceable(path, success, fence)
  if (!isOf(success, fence)) return
  renameSync(attempt, join(target, SUCCESS_FILE))
  syncDirectory(target)
}

/** A batch, and the directory that becomes its place. */
interface LocalPlace extends Pick<SinkBatch, 'path'> {
  readonly spreadTo: string | undefined
  readonly target: string
  readonly fence: Fence
}

class LocalBatch implements OpenBatch<Uint8Array> {
  readonly #path: string
  readonly #spreadTo: string | undefined
  readonly #target: string
  readonly #fence: Fence
  /** The hidden directory of this attempt. */
  readonly #written: string
  #parts = 0

  constructor({ path, spreadTo, target, fence }: LocalPlace) {
    this.#path = path
    this.#spreadTo = spreadTo
    this.#target = target
    this.#fence = fence
    this.#written = hiddenSibling(target)
  }

  /** Step 1, and creates the directory of step 2. */
  async begin(): Promise<void> {
    inUse.add(this.#written)
    await this.#orAbandon(async () => {
      mustReplace(this.#path, this.#target, this.#fence)
      makeDurableDirectory(dirname(this.#target))
      await removeLeftovers(this.#target)
      await mkdir(this.#written)
    })
  }

  async write(partition: number, bytes: Uint8Array): Promise<void> {
    this.#parts = Math.max(this.#parts, partition + 1)
    await this.#orAbandon(() => writeDurably(join(this.#written, partName(partition)), bytes))
  }

  async finish(): Promise<undefined> {
    await this.#orAbandon(async () => {
      const content = successOf(this.#fence, partNames(this.#parts))
      await writeDurably(join(this.#written, ATTEMPT_FILE), content)
      if (this.#spreadTo !== undefined)
        await keepFormer(this.#target, this.#written, this.#spreadTo)
      syncDirectory(this.#written)
      const aside = putInPlace(this.#path, this.#target, this.#written, this.#fence)
      syncDirectory(dirname(this.#target))
      if (aside !== undefined) await discard(aside, this.#target)
    })
    inUse.delete(this.#written)
  }

  async abandon(): Promise<void> {
    await discard(this.#written, this.#target)
    inUse.delete(this.#written)
  }

  async #orAbandon(step: () => Promise<void>): Promise<void> {
    try {
      await step()
    } catch (error) {
      await this.abandon()
      throw outputError(error, this.#target)
    }
  }
}
