import { text } from '../../formats/text.ts'
import type { WriteTarget } from '../../rdd/write-target.ts'

/** The bytes of a partition, in the format that the output asks for. Default: lines of text. */
export const encodeWithFormat = (
  elements: readonly unknown[],
  { format = text }: WriteTarget,
): Uint8Array => format.encode(elements)
