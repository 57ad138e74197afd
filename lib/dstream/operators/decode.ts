import { MillraceError } from '../../base/errors.ts'
import type { FileFormat } from '../../formats/file-format.ts'
import type { Encoded, RecordFormat } from '../../formats/record-format.ts'
import { isNotBlank } from '../../formats/text-lines.ts'
import type { RDD } from '../../rdd/rdd.ts'
import { DStream } from '../dstream.ts'
import { narrowNode, type OperatorNode, operatorNode, type PlanNode } from '../plan-node.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Decodes each record with a format of `millrace/formats`: a text, bytes, or a record of a
     * stream with its bytes in `data`. A record that is not of the format becomes a dead letter
     * (`RECORD_UNREADABLE`), and the others go on.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when `format` is not a format of records. In a
     * batch: `PACKAGE_MISSING` when the format needs a package that is not installed.
     * @example
     * ```ts
     * lines.decode(json<{ page: string }>()).map(({ page }) => page)
     * ```
     */
    decode<U>(this: DStream<Encoded>, format: RecordFormat<U>): DStream<U>
  }
}

DStream.prototype.decode = function <U>(
  this: DStream<Encoded>,
  format: RecordFormat<U>,
): DStream<U> {
  if (typeof (format as Partial<RecordFormat<U>> | undefined)?.decode !== 'function')
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'decode() needs a format of records',
      value: format,
      fix: "for example decode(json()), with json from 'millrace/formats'",
    })
  return this.to<U>(formatNode(this.node, format))
}

/** Decodes records by a format. What the format needs is loaded before the first record. */
const formatNode = <T>(records: PlanNode, format: RecordFormat<T>): OperatorNode => {
  const { name, settings, prepare, decode } = format
  return operatorNode(
    'decode',
    [records],
    async ([input]) => {
      await prepare?.()
      return input?.map(decode as (record: unknown) => T)
    },
    { narrow: true, parameters: { format: name, ...settings } },
  )
}

/**
 * Makes elements of the records of files. Records that a format gives up are decoded here, so that
 * each of them becomes a dead letter, and can be redriven.
 */
export const fileRecordNode = <T>(
  records: PlanNode,
  { name, settings }: FileFormat<T>,
  reading: NonNullable<FileFormat<T>['reading']>,
): OperatorNode => {
  const compute =
    reading.shape === 'lines'
      ? (input: RDD<unknown>) => {
          const lines = input as RDD<string>
          return (reading.skipsBlank ? lines.filter(isNotBlank) : lines).map(reading.decode)
        }
      : async (input: RDD<unknown>) => {
          await reading.prepare?.()
          return reading.decode === undefined ? input : input.map(reading.decode)
        }
  const node = operatorNode('decode', [records], async ([input]) => input && compute(input), {
    narrow: true,
    parameters: { format: name, ...settings },
  })
  return Object.freeze({ ...node, isPartOfParent: true })
}

/**
 * A user's decoder, as a narrow step like `map`. A record on which it throws becomes a dead letter,
 * as with `map` (B9). Intake stores the raw records, so corrected code can decode them again. The
 * step can run in intake together with the rest of the source stage. A name for the stream is the
 * name of its source.
 */
export const decodeNode = <R, T>(records: PlanNode, decode: (record: R) => T): OperatorNode =>
  Object.freeze({
    ...narrowNode('decode', records, (input) => input.map(decode as (record: never) => T)),
    isPartOfParent: true,
  })
