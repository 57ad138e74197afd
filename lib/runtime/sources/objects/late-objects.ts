/**
 * Spark's rule of the modification time, for objects. The batch at `s` takes an object that it can
 * see, with `max(start, s - remember) < modified <= s`. An object can be seen from its event on. So
 * it is late if even the first batch that can see it is too late:
 *
 *   modified <= max(start, first batch time at or after its event - remember)
 *
 * How late the message itself comes does not matter: it says when S3 finished the upload. S3 gives
 * the modification time, so only an upload in parts that took longer than `remember` is late, or
 * one that began before the first start.
 */
import { gridTimeAtOrAfter } from '../../../base/batch-time.ts'
import type { FileSelection } from '../../../dstream/sources/file-selection.ts'
import type { BatchTimes } from '../source-reader.ts'
import type { RefusedObject } from './refused-objects.ts'
import { type DueObject, type LateRule, type LeftUpload, uploadName } from './upload.ts'

/** S3 tells whole seconds. In doubt an object is in time. */
const WITHIN_MS = 999

/** The rule that a selection asks for. Undefined: no object is late. */
export const lateRuleOf = ({
  existing,
  rememberMs,
  lateFiles = 'take',
}: FileSelection): LateRule | undefined =>
  existing === 'all' || lateFiles === 'take' ? undefined : { rememberMs, lateFiles }

/** Uploads, with the late ones apart. */
export interface JudgedUploads {
  readonly inTime: readonly DueObject[]
  /** Late ones that are left out. */
  readonly left: readonly LeftUpload[]
  /** Late ones that are put aside. */
  readonly aside: readonly RefusedObject[]
}

/** Finds the late ones of some uploads. */
export const judgeUploads = (
  open: readonly DueObject[],
  rule: LateRule | undefined,
  times: Pick<BatchTimes, 'startedMs' | 'firstMs' | 'intervalMs'>,
): JudgedUploads => {
  if (rule === undefined) return { inTime: open, left: [], aside: [] }
  const isLate = (object: DueObject): boolean => isLateBy(object, rule, times)
  const late = open.filter(isLate)
  const inTime = open.filter((object) => !isLate(object))
  return rule.lateFiles === 'ignore'
    ? { inTime, left: late.map(leftUpload), aside: [] }
    : { inTime, left: [], aside: late.map((object) => lateUpload(object, rule)) }
}

const isLateBy = (
  { modifiedMs, dueMs }: DueObject,
  { rememberMs }: LateRule,
  { startedMs, firstMs, intervalMs }: Pick<BatchTimes, 'startedMs' | 'firstMs' | 'intervalMs'>,
): boolean => {
  const seenMs = gridTimeAtOrAfter(dueMs, firstMs, intervalMs)
  return modifiedMs + WITHIN_MS <= Math.max(startedMs, seenMs - rememberMs)
}

/** How an upload is remembered that no batch takes. */
export const leftUpload = (object: DueObject): LeftUpload => ({
  key: object.key,
  name: uploadName(object),
})

const lateUpload = (object: DueObject, { rememberMs }: LateRule): RefusedObject => {
  const { key, version, isVersioned, modifiedMs, sizeBytes, dueMs } = object
  return {
    key,
    name: uploadName(object),
    code: 'OBJECT_LATE',
    message:
      `The object appeared ${dueMs - modifiedMs} ms after its modification time. It must be ` +
      `modified after the first start, and appear within ${rememberMs} ms`,
    upload: { key, version, isVersioned, modifiedMs, sizeBytes },
  }
}
