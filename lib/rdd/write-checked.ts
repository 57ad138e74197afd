/** Writing elements, some of which the format of the target may not be able to hold. */
import { isMillraceError } from '../base/errors.ts'
import type { StageOf } from './result-stage.ts'
import { type EncodedPart, runWriteStage } from './write-stage.ts'
import type { PartsTarget, WritePartitions, WriteTarget } from './write-target.ts'

/** What is written. */
interface Elements {
  stage(): Promise<StageOf>
  elements(index: number, until?: number): Promise<readonly unknown[]>
  partitions(): Promise<readonly (readonly unknown[])[]>
  checked(check: (element: unknown) => unknown): Elements
}

/** How something is written. */
export interface WriteOptions {
  /** Whether nothing is written if there is no element at all. Default: false. */
  readonly skipEmpty?: boolean
}

/** Errors of encoding. Others do not depend on the elements. */
const isAboutElement = (error: unknown): boolean =>
  !isMillraceError(error) ||
  ['ARGUMENT_INVALID', 'KEY_UNSUPPORTED', 'VALUE_UNSUPPORTED'].includes(error.code)

/**
 * Writes the elements of an RDD: part by part if the target can take that, so that few of them are
 * in memory at a time and executors can write theirs. A record that gives an element which cannot
 * be encoded is put aside, if it comes directly from a source. Otherwise nothing of the output is
 * shown.
 */
export const writeChecked = async (
  rdd: Elements,
  target: WriteTarget,
  write: WritePartitions,
  { skipEmpty = false }: WriteOptions = {},
): Promise<void> => {
  const stage = await rdd.stage()
  const parts = await stage.context.openParts?.(target)
  if (parts === undefined) return writeWhole(rdd, target, skipEmpty ? unlessEmpty(write) : write)
  const encoded = (index: number, until?: number): Promise<EncodedPart> =>
    encodePart(rdd, target, parts, index, until)
  try {
    const isWritten = await runWriteStage(stage, { target: parts, encoded, skipEmpty })
    await (isWritten ? parts.finish() : parts.abandon())
  } catch (error) {
    await parts.abandon()
    throw error
  }
}

const encodePart = async (
  rdd: Elements,
  { format }: WriteTarget,
  parts: PartsTarget,
  index: number,
  until: number | undefined,
): Promise<EncodedPart> => {
  const elements = await rdd.elements(index, until)
  try {
    return { count: elements.length, content: parts.encode(elements) }
  } catch (error) {
    if (format === undefined || !isAboutElement(error)) throw error
    const good = await rdd.checked((element) => format.encode([element])).elements(index, until)
    if (good.length === elements.length) throw error
    return { count: good.length, content: parts.encode(good) }
  }
}

const unlessEmpty =
  (write: WritePartitions): WritePartitions =>
  async (target, partitions) => {
    if (partitions.some((elements) => elements.length > 0)) await write(target, partitions)
  }

/**
 * Writes all elements at once. Nothing is written before all of them are encoded, so a second write
 * does not repeat anything.
 */
export const writeWhole = async (
  rdd: Elements,
  target: WriteTarget,
  write: WritePartitions,
): Promise<void> => {
  const { format } = target
  const partitions = await rdd.partitions()
  try {
    return await write(target, partitions)
  } catch (error) {
    if (format === undefined || !isAboutElement(error)) throw error
    const good = await rdd.checked((element) => format.encode([element])).partitions()
    if (good.flat(1).length === partitions.flat(1).length) throw error
    return write(target, good)
  }
}
