import { createHash } from 'node:crypto'
import { stackOf } from '../../base/error-places.ts'
import { errorText, preview } from '../../base/error-text.ts'
import { codeOf } from '../../base/errors.ts'
import { objectLines } from '../../formats/object-lines.ts'
import type { BadKey } from '../../rdd/bad-records.ts'
import type { DeadLetter } from '../../state/dead-letters.ts'

const HASH_DIGITS = 16

/**
 * The dead letter of what a key had in a batch, after a shuffle. It holds a line of an object file:
 * the node, the batch time, the key and its values. It cannot be redriven, because no source could
 * take it: the records that it was made from are counted elsewhere, or were many.
 *
 * The position is made of the batch time, the place and the content, so that another attempt at the
 * batch gives the same one.
 */
export const deadLetterOfKey = (timeMs: number, bad: BadKey): DeadLetter => {
  const { label, place, key, values, error } = bad
  const data = lineOf({ node: label, batchTime: timeMs, key, values })
  const hash = createHash('sha256').update(data).digest('hex').slice(0, HASH_DIGITS)
  return {
    source: label,
    position: `${timeMs}#${place}#${hash}`,
    code: codeOf(error, 'USER_FUNCTION_FAILED'),
    message: errorText(error),
    stack: stackOf(error),
    operator: label,
    data,
    form: 'key',
    sizeBytes: data.byteLength,
  }
}

const lineOf = (content: object): Uint8Array => {
  try {
    return objectLines([content])
  } catch {
    // What makes the key bad may be a value that cannot be written.
    return Buffer.from(`${preview(content)}\n`)
  }
}
