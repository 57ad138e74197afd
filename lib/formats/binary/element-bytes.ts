import { MillraceError } from '../../base/errors.ts'
import { asBuffer } from '../text-lines.ts'

/**
 * The bytes of an element that is bytes or a text.
 *
 * @throws MillraceError `VALUE_UNSUPPORTED`.
 */
export const bytesOfElement = (element: unknown): Buffer => {
  if (typeof element === 'string') return Buffer.from(element)
  if (element instanceof Uint8Array) return asBuffer(element)
  throw new MillraceError('VALUE_UNSUPPORTED', {
    problem: 'A record is bytes or a text',
    value: element,
    fix: 'map the elements first, for example with JSON.stringify',
  })
}
