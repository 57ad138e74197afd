import { text } from '../../formats/text.ts'
import type { WriteTarget } from '../../rdd/write-target.ts'

/** Encodes a partition in the format of the output. Default: lines of text. */
export const encodeWithFormat = (
  elements: readonly unknown[],
  { format = text }: WriteTarget,
): Uint8Array => format.encode(elements)
