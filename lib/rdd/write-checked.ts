/** Writing elements, some of which the format of the target may not be able to hold. */
import { isMillraceError } from '../base/errors.ts'
import type { WritePartitions, WriteTarget } from './write-target.ts'

/** What is written. */
interface Elements {
  partitions(): Promise<readonly (readonly unknown[])[]>
  checked(check: (element: unknown) => unknown): Elements
}

/** Errors of encoding. Others do not depend on the elements. */
const isAboutElement = (error: unknown): boolean =>
  !isMillraceError(error) ||
  ['ARGUMENT_INVALID', 'KEY_UNSUPPORTED', 'VALUE_UNSUPPORTED'].includes(error.code)

/**
 * Writes the elements of an RDD. A record that gives an element which cannot be encoded is put
 * aside, if it comes directly from a source. Nothing is written before all elements are encoded, so
 * a second write does not repeat anything.
 */
export const writeChecked = async (
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
