/**
 * Puts the files of a committed batch in directories that all batches share: the last step of an
 * output with `spreadTo`, on every storage. Until then its parts are bundles in the place of the
 * batch, `_batches/<ms>`, which readers of tables pass over.
 *
 * 1. If `_SUCCESS` is there from an earlier run of the same batch, remove the files that it names
 *    and that this one does not have.
 * 2. Open bundle after bundle, and create its files, each if its name is free. A name that is taken
 *    by the same bytes counts as created.
 * 3. Write `_SUCCESS`, which names the files.
 * 4. Remove the bundles.
 *
 * Why a reader that lists the directories sees each row once (B4):
 * - Only an attempt that is committed gets here, so no file of another one is ever in a directory.
 *   What an attempt writes before, whatever becomes of it, is in the place of the batch.
 * - The name of a file follows from batch time, number of the bundle, and directory, and its bytes
 *   from the bundle. So each run of these steps, in any process, however often it dies and begins
 *   again, creates the same files. One that comes late finds all names taken.
 * - The bundles are there until all files are. Who finds none any more is late, and done. No other
 *   attempt writes a bundle under the name of one of these, not even when they are gone.
 *
 * The limits: the files of a batch appear one after the other. And a call that creates a file may
 * come so late that somebody has removed the file meanwhile: then it is there again.
 */
import { type FileBundle, unpackFiles } from '../base/file-bundle.ts'
import { mapAtOnce } from '../base/concurrency.ts'
import { MillraceError } from '../base/errors.ts'
import type { Fence } from '../ports/fence.ts'
import {
  checkReplaceable,
  isOf,
  outputNames,
  partName,
  partsIn,
  successOf,
} from './output-layout.ts'

/** What is done with the files of one batch. All paths are from the root of the outputs. */
export interface SpreadPlace {
  /** The bytes of a bundle in the place of the batch. Undefined: it is not there any more. */
  bundle(name: string): Promise<Uint8Array | undefined>
  /**
   * Creates a file. It may be there with the same bytes. It replaces one of an earlier run of the
   * batch, which `_SUCCESS` of that run names: `isReplaced`.
   *
   * @throws MillraceError `OUTPUT_EXISTS`, `OUTPUT_FENCED`.
   */
  create(path: string, bytes: Uint8Array, isReplaced: boolean): Promise<void>
  /** Removes a file of an earlier run, if it is still there. */
  remove(path: string): Promise<void>
  /** The `_SUCCESS` file of the batch. Undefined: there is none. */
  success(): Promise<Uint8Array | undefined>
  /** Writes `_SUCCESS` if it is still the one that was read last, and returns whether it did. */
  succeed(bytes: Uint8Array): Promise<boolean>
  /** Removes all that is in the place of the batch, except `_SUCCESS`. */
  clear(): Promise<void>
}

/** A batch that is committed. */
export interface SpreadBatch {
  /** Its place: `daily/_batches/1700000000000`. */
  readonly path: string
  readonly timeMs: number
  readonly spreadTo: string
  readonly fence: Fence
  /** The names of its bundles, by their number. */
  readonly bundles: readonly string[]
}

const TRIES_MAX = 20
const FILES_AT_ONCE = 16

/** See the head of this file. */
export const spreadFiles = async (place: SpreadPlace, batch: SpreadBatch): Promise<void> => {
  const { path, fence } = batch
  for (let tries = 1; tries <= TRIES_MAX; tries++) {
    const before = await place.success()
    if (before !== undefined && isOf(before, fence)) return place.clear()
    if (before !== undefined) checkReplaceable(path, before, fence)
    const former = before === undefined ? [] : partsIn(before)
    const files = await createFiles(place, batch, former)
    if (files !== undefined && (await place.succeed(successOf(fence, files)))) return place.clear()
  }
  throw new MillraceError('OUTPUT_FAILED', {
    problem: 'Something else changes this output while it is shown',
    value: path,
    fix: 'let no other program write or delete there; it is tried again',
    retryable: true,
  })
}

/** Steps 1 and 2. The paths of the files below `spreadTo`. Undefined: another process is ahead. */
const createFiles = async (
  place: SpreadPlace,
  batch: SpreadBatch,
  former: readonly string[],
): Promise<readonly string[] | undefined> => {
  if (former.length > 0 && !(await removeFormer(place, batch, former))) return undefined
  const replaced = new Set(former)
  const created: string[] = []
  for (const [index, name] of batch.bundles.entries()) {
    const bytes = await place.bundle(name)
    if (bytes === undefined) return undefined
    const bundle = unpackFiles(bytes)
    const names = namesOf(bundle, batch.timeMs, index)
    await mapAtOnce([...bundle.files.entries()], FILES_AT_ONCE, async ([file, { bytes: own }]) => {
      const path = names[file] as string
      await place.create(pathBelow(batch.spreadTo, path), own, replaced.has(path))
    })
    for (const path of names) created.push(path)
  }
  return created
}

/** Step 1. Returns whether the bundles are still there. */
const removeFormer = async (
  place: SpreadPlace,
  { bundles, timeMs, spreadTo }: SpreadBatch,
  former: readonly string[],
): Promise<boolean> => {
  const own = new Set<string>()
  for (const [index, name] of bundles.entries()) {
    const bytes = await place.bundle(name)
    if (bytes === undefined) return false
    for (const path of namesOf(unpackFiles(bytes), timeMs, index)) own.add(path)
  }
  const gone = former.filter((path) => !own.has(path))
  await mapAtOnce(gone, FILES_AT_ONCE, (path) => place.remove(pathBelow(spreadTo, path)))
  return true
}

/** `day=2026-11-30/part-1700000000000-00000.parquet`. */
const namesOf = (
  { files, extension }: FileBundle,
  timeMs: number,
  index: number,
): readonly string[] =>
  files.map(({ directory }) => {
    const name = partName(index).replace('part-', `part-${timeMs}-`)
    return `${directory}/${name}${extension}`
  })

const pathBelow = (root: string, path: string): string =>
  outputNames(root === '' ? path : `${root}/${path}`).join('/')
