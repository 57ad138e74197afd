import { MillraceError } from '../../base/errors.ts'
import type { FileFormat } from '../file-format.ts'
import { asBuffer } from '../text-lines.ts'
import { onePart } from '../whole-parts.ts'
import { bytesOfElement } from './element-bytes.ts'

/**
 * Records of bytes with a delimiter after each, such as a zero byte. The last one may be without. A
 * file is in memory while it is read.
 *
 * @param delimiter A text, which is UTF-8 in the file, or bytes.
 * @throws MillraceError `ARGUMENT_INVALID` when the delimiter is empty.
 * @example ssc.fileStream('drop', { format: delimited('\0') }).decode(json())
 */
export const delimited = (delimiter: string | Uint8Array): FileFormat<Uint8Array> => {
  const isGiven = typeof delimiter === 'string' || delimiter instanceof Uint8Array
  if (!isGiven || delimiter.length === 0)
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'delimited() needs a delimiter',
      value: delimiter,
      allowed: 'a text or bytes, not empty',
    })
  const mark = Buffer.from(delimiter as string)
  return Object.freeze({
    name: 'delimited',
    settings: Object.freeze({ delimiter: mark.toString('hex') }),
    extension: '.bin',
    reading: Object.freeze({
      shape: 'parts',
      isText: false,
      isSplittable: false,
      open: onePart((bytes) => recordsOf(asBuffer(bytes), mark)),
    }),
    writing: Object.freeze({
      joins: true,
      encode: (elements: readonly unknown[]) => encode(elements, mark),
    }),
  })
}

const recordsOf = (bytes: Buffer, mark: Buffer): readonly Uint8Array[] => {
  const records: Uint8Array[] = []
  for (let at = 0; at < bytes.length;) {
    const found = bytes.indexOf(mark, at)
    const end = found === -1 ? bytes.length : found
    records.push(new Uint8Array(bytes.subarray(at, end)))
    at = end + mark.length
  }
  return records
}

const encode = (elements: readonly unknown[], mark: Buffer): Uint8Array =>
  Buffer.concat(
    elements.flatMap((element) => {
      const bytes = bytesOfElement(element)
      if (!bytes.includes(mark)) return [bytes, mark]
      throw new MillraceError('VALUE_UNSUPPORTED', {
        problem: 'A record has the delimiter in it',
        value: element,
        fix: 'use another delimiter, or lengthPrefixed()',
      })
    }),
  )
