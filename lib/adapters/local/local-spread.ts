/**
 * The files of a committed batch in a directory tree: see spread-files.ts. `_SPREAD` in the place
 * of the batch says that its parts are bundles. It goes away when `_SUCCESS` is there.
 *
 * Nothing here runs twice at the same time: the lock of the store keeps other processes away. Each
 * file is written under a hidden name, synced, and renamed.
 */
import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Fence } from '../../ports/fence.ts'
import {
  ATTEMPT_FILE,
  checkReplaceable,
  isOf,
  partsIn,
  SPREAD_FILE,
  SUCCESS_FILE,
} from '../output-layout.ts'
import { spreadFiles, type SpreadBatch, type SpreadPlace } from '../spread-files.ts'
import { makeDurableDirectory, syncDirectory, writeDurably } from './durable-directory.ts'

/** What `_SPREAD` holds. */
interface Spread {
  readonly spreadTo: string
  /** The text of `_SUCCESS` of the run that is replaced. Left out: there was none. */
  readonly former?: string
}

const spreadIn = (target: string): Spread | undefined => {
  const file = join(target, SPREAD_FILE)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Spread) : undefined
}

/** Where the files of a batch belong. Undefined: its parts are files, or all of it is done. */
export const spreadRootIn = (target: string): string | undefined => spreadIn(target)?.spreadTo

/** Writes `_SPREAD` for an attempt, with what is known of the place that it is going to replace. */
export const keepFormer = async (
  target: string,
  written: string,
  spreadTo: string,
): Promise<void> => {
  const success = join(target, SUCCESS_FILE)
  const former = existsSync(success) ? readFileSync(success, 'utf8') : spreadIn(target)?.former
  const spread: Spread = { spreadTo, ...(former === undefined ? {} : { former }) }
  await writeDurably(join(written, SPREAD_FILE), Buffer.from(JSON.stringify(spread)))
}

/** A batch, and where it is on this machine. */
interface LocalSpread extends Omit<SpreadBatch, 'bundles'> {
  /** The directory of all outputs. */
  readonly root: string
  /** The place of the batch. */
  readonly target: string
}

/** Puts the files of a finished batch in their directories, if this attempt has finished it. */
export const spreadLocalFiles = async (batch: LocalSpread): Promise<void> => {
  const { root, target, path, fence } = batch
  const attempt = join(target, ATTEMPT_FILE)
  const written = existsSync(attempt) ? readFileSync(attempt) : undefined
  if (written !== undefined) checkReplaceable(path, written, fence)
  const isOwn = written !== undefined && isOf(written, fence)
  // Without `_ATTEMPT`, an earlier run may have been cut off after `_SUCCESS`.
  if (!isOwn && (written !== undefined || !existsSync(join(target, SUCCESS_FILE)))) return
  const bundles = written === undefined ? [] : partsIn(written)
  await spreadFiles(spreadPlace(root, target, fence), { ...batch, bundles })
}

const spreadPlace = (root: string, target: string, fence: Fence): SpreadPlace => {
  const success = join(target, SUCCESS_FILE)
  return {
    bundle: (name) => readFile(join(target, name)),
    async create(path, bytes, isReplaced): Promise<void> {
      const file = join(root, path)
      makeDurableDirectory(dirname(file))
      const isThere = existsSync(file) && readFileSync(file).equals(bytes)
      if (isThere) return syncDirectory(dirname(file))
      if (existsSync(file) && !isReplaced) checkReplaceable(path, undefined, fence)
      await replaceDurably(file, bytes)
    },
    async remove(path): Promise<void> {
      await rm(join(root, path), { force: true })
    },
    async success(): Promise<Uint8Array | undefined> {
      if (existsSync(success)) return readFileSync(success)
      const former = spreadIn(target)?.former
      return former === undefined ? undefined : Buffer.from(former)
    },
    async succeed(bytes): Promise<boolean> {
      await replaceDurably(success, bytes)
      return true
    },
    async clear(): Promise<void> {
      const names = readdirSync(target).filter((name) => name !== SUCCESS_FILE)
      // `_SPREAD` goes last: what is left of an end that was cut off is found by it.
      for (const name of names.toSorted(
        (a, b) => Number(a === SPREAD_FILE) - Number(b === SPREAD_FILE),
      ))
        await rm(join(target, name), { force: true })
      syncDirectory(target)
    },
  }
}

/** A run that was cut off leaves a hidden file, and the next one writes the same again. */
const replaceDurably = async (file: string, bytes: Uint8Array): Promise<void> => {
  const hidden = join(dirname(file), `.${basename(file)}~`)
  await rm(hidden, { force: true })
  await writeDurably(hidden, bytes)
  renameSync(hidden, file)
  syncDirectory(dirname(file))
}
